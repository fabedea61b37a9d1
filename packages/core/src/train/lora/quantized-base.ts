// The frozen base under adapters in 4 or 8 bits (QLoRA, Dettmers et al. 2023, arXiv 2305.14314, with ggml's Q4_0 and Q8_0 instead of NF4): linear weights are kept packed and unpacked when a pass asks for
// them, one at a time; with recomputation no more than a layer of them is ever whole. Unpacking is a pass over the weights and products are one over weights times tokens, so it is felt in small
// batches only: there some of the weights may stay whole.
import * as tf from '@tensorflow/tfjs-core';
import { checkOptions } from '../../check-options.ts';
import type { ModelConfig } from '../../models/model-config.ts';
import type { WeightSource } from '../../models/transformer.ts';
import { dequantize } from '../../weights/quantization/dequantize.ts';
import { quantize } from '../../weights/quantization/quantize.ts';
import { linearSpecs } from './lora.ts';

/** Frozen parameters whose linear weights are packed; lay adapters over it with `withLora`. */
export interface QuantizedBase extends WeightSource {
  /** Bytes of the packed weights. */
  readonly packedBytes: number;
  /** Bytes of those weights that have stayed whole so far, at most the limit. */
  readonly unpackedBytes: number;
  /** Frees the parameters that are not packed, and the weights that stayed whole. */
  dispose(): void;
}

/** Options of {@link quantizedBase}. */
export interface QuantizedBaseOptions {
  /** Weights that are asked for stay whole on the backend until they take this many bytes; default 0: every pass unpacks every weight. 4 bytes a weight, on top of `packedBytes`. */
  readonly unpackedLimit?: number;
}

/**
 * Packs the linear weights inside the layers (those whose size is a multiple of 32); everything else is shared with `parameters`, which may then be disposed.
 *
 * The first weights that are asked for stay whole up to the limit: a pass goes through the layers in one order, so any rule that makes room for the newest would find nothing again.
 */
export async function quantizedBase(
  config: ModelConfig,
  parameters: ReadonlyMap<string, tf.Tensor>,
  dtype: 'Q8_0' | 'Q4_0',
  options: QuantizedBaseOptions = {},
): Promise<QuantizedBase> {
  checkOptions(options, ['unpackedLimit'], 'quantizedBase');
  const { unpackedLimit = 0 } = options;
  if (!(unpackedLimit >= 0)) throw new RangeError(`unpackedLimit: expected >= 0 bytes, got ${unpackedLimit}`);
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
  const kept = new Map<string, tf.Tensor>();
  let unpackedBytes = 0;
  return {
    get unpackedBytes() {
      return unpackedBytes;
    },
    packedBytes: [...packed.values()].reduce((sum, { bytes }) => sum + bytes.byteLength, 0),
    has: (name) => packed.has(name) || whole.has(name),
    get(name) {
      const entry = packed.get(name);
      if (entry !== undefined) {
        const known = kept.get(name);
        if (known !== undefined) return known;
        const unpacked = tf.tensor(dequantize({ dtype, ...entry }), entry.shape);
        if (unpackedBytes + unpacked.size * 4 > unpackedLimit) return unpacked;
        unpackedBytes += unpacked.size * 4;
        kept.set(name, tf.keep(unpacked));
        return unpacked;
      }
      const tensor = whole.get(name);
      if (tensor === undefined) throw new RangeError(`parameter: expected one of the model, got ${name}`);
      return tensor;
    },
    dispose: () => tf.dispose([...whole.values(), ...kept.values()]),
  };
}
