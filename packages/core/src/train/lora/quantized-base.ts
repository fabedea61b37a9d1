// The frozen base under adapters in 4 or 8 bits (QLoRA, Dettmers et al. 2023, arXiv 2305.14314, with ggml's Q4_0 and Q8_0 instead of NF4): linear weights are kept packed and unpacked when a pass asks for
// them, one at a time; with recomputation no more than a layer of them is ever whole.
import * as tf from '@tensorflow/tfjs-core';
import type { ModelConfig } from '../../models/model-config.ts';
import type { WeightSource } from '../../models/transformer.ts';
import { dequantize } from '../../weights/quantization/dequantize.ts';
import { quantize } from '../../weights/quantization/quantize.ts';
import { linearSpecs } from './lora.ts';

/** Frozen parameters whose linear weights are packed; lay adapters over it with `withLora`. */
export interface QuantizedBase extends WeightSource {
  /** Bytes of the packed weights. */
  readonly packedBytes: number;
  /** Frees the parameters that are not packed. */
  dispose(): void;
}

/** Packs the linear weights inside the layers (those whose size is a multiple of 32); everything else is shared with `parameters`, which may then be disposed. */
export async function quantizedBase(
  config: ModelConfig,
  parameters: ReadonlyMap<string, tf.Tensor>,
  dtype: 'Q8_0' | 'Q4_0',
): Promise<QuantizedBase> {
  const packed = new Map<string, { bytes: Uint8Array; shape: number[] }>();
  for (const { name } of linearSpecs(config)) {
    const tensor = parameters.get(name);
    if (tensor === undefined) throw new RangeError(`parameters: expected ${name}, got none`);
    if (tensor.size % 32 === 0)
      packed.set(name, {
        bytes: quantize(Float32Array.from(await tensor.data()), dtype),
        shape: tensor.shape,
      });
  }
  const whole = new Map<string, tf.Tensor>();
  for (const [name, tensor] of parameters) if (!packed.has(name)) whole.set(name, tf.keep(tf.clone(tensor)));
  return {
    packedBytes: [...packed.values()].reduce((sum, { bytes }) => sum + bytes.byteLength, 0),
    has: (name) => packed.has(name) || whole.has(name),
    get(name) {
      const entry = packed.get(name);
      if (entry !== undefined) return tf.tensor(dequantize({ dtype, ...entry }), entry.shape);
      const tensor = whole.get(name);
      if (tensor === undefined) throw new RangeError(`parameter: expected one of the model, got ${name}`);
      return tensor;
    },
    dispose: () => tf.dispose([...whole.values()]),
  };
}
