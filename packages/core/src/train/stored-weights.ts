// The way back from `loadParameters`: our parameters as the checkpoint's own tensors, linear weights turned and fused matrices put together again, so that a trained model is
// written in the layout that transformers, vLLM and this library read.
import type * as tf from '@tensorflow/tfjs-core';
import type { ModelConfig } from '../models/model-config.ts';
import { listParameters, type ParameterSpec } from '../models/parameters.ts';
import type { StoredTensor, TensorEntry, WeightFile } from '../weights/weight-file.ts';

/**
 * The parameters of `config` as a weight file in the family's stored names and shapes, F32.
 *
 * Reads from the tensors when asked, so they must live until then. `writeHuggingFace` takes it.
 */
export function storedWeights(config: ModelConfig, parameters: ReadonlyMap<string, tf.Tensor>): WeightFile {
  const sources = new Map<
    string,
    { shape: readonly number[]; parts: { spec: ParameterSpec; index?: number }[] }
  >();
  for (const spec of listParameters(config)) {
    if (!parameters.has(spec.name)) throw new RangeError(`parameters: expected ${spec.name}, got none`);
    for (let index = 0; index < (spec.stored.stack ?? 1); index++) {
      const name = spec.stored.name.replace('{h}', String(index));
      const known = sources.get(name) ?? { shape: spec.stored.shape, parts: [] };
      known.parts.push(spec.stored.stack === undefined ? { spec } : { spec, index });
      sources.set(name, known);
    }
  }
  const tensors = new Map<string, TensorEntry>(
    [...sources].map(([name, { shape }]) => [name, { dtype: 'F32', shape, byteLength: 4 * sizeOf(shape) }]),
  );
  return {
    tensors,
    async read(name): Promise<StoredTensor> {
      const source = sources.get(name);
      if (source === undefined) throw new RangeError(`tensor: expected one of the file, got ${name}`);
      const values = new Float32Array(sizeOf(source.shape));
      for (const { spec, index } of source.parts) {
        const own = (await parameters.get(spec.name)!.data()) as Float32Array;
        if (index === undefined) place(values, own, spec);
        else values.set(own.subarray(index * values.length, (index + 1) * values.length));
      }
      return { dtype: 'F32', shape: source.shape, bytes: new Uint8Array(values.buffer) };
    },
    close: async () => {},
  };
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/** Writes our layout of a parameter into its places of the stored tensor. */
function place(stored: Float32Array, own: Float32Array, { role, shape, stored: to }: ParameterSpec): void {
  if (role !== 'linear') {
    if (to.rows === undefined) stored.set(own);
    else {
      const { groups, stride, offset, count } = to.rows;
      for (let g = 0; g < groups; g++)
        stored.set(own.subarray(g * count, (g + 1) * count), offset + g * stride);
    }
    return;
  }
  const [inputs, outputs] = shape;
  const { groups, stride, offset, count } = to.rows ?? {
    groups: 1,
    stride: outputs,
    offset: 0,
    count: outputs,
  };
  const width = to.layout === 'in-out' ? to.shape[1] : 0;
  for (let g = 0; g < groups; g++)
    for (let r = 0; r < count; r++) {
      const row = offset + g * stride + r;
      const column = g * count + r;
      for (let i = 0; i < inputs; i++) {
        const at = to.layout === 'in-out' ? i * width + row : row * inputs + i;
        stored[at] = own[i * outputs + column];
      }
    }
}
