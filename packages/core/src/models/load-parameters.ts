// Checkpoint -> tensors, one stored tensor at a time: dequantised to float32, the wanted rows picked out of fused matrices, linear weights
// turned to [in, out]. Peak memory beyond the model is one stored tensor and one of its parts.
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { CheckpointError } from '../weights/checkpoint-error.ts';
import { dequantize } from '../weights/quantization/dequantize.ts';
import type { WeightFile } from '../weights/weight-file.ts';
import type { ParameterSpec, RowSelection } from './parameters.ts';

/** Told after each stored tensor: bytes read so far, bytes in all, the tensor's name. */
export type LoadProgress = (loaded: number, total: number, name: string) => void;

/** Options of `loadParameters`. */
export interface LoadParametersOptions {
  /** Prefixes that names in the file may lack or have in addition. */
  readonly prefixes?: readonly string[];
  readonly onProgress?: LoadProgress;
  readonly signal?: AbortSignal;
}

/** What a load gives. */
export interface LoadedParameters {
  readonly tensors: Map<string, Tensor>;
  /** Tensors of the file that no parameter asked for. */
  readonly unused: readonly string[];
  /** Fingerprint of the stored bytes: all of a short tensor, evenly spread samples of a long one. */
  readonly hash: string;
}

/** Reads every parameter of `specs`. Whatever was made is disposed when a tensor is missing, misshapen or damaged. */
export async function loadParameters(
  specs: readonly ParameterSpec[],
  file: WeightFile,
  { prefixes = [], onProgress, signal }: LoadParametersOptions = {},
): Promise<LoadedParameters> {
  const bySource = groupBySource(specs, file, prefixes);
  const tensors = new Map<string, Tensor>();
  const parts = new Map<ParameterSpec, Float32Array>();
  const total = [...bySource.keys()].reduce(
    (sum, name) => sum + (file.tensors.get(name)?.byteLength ?? 0),
    0,
  );
  let loaded = 0;
  let hash = 0x811c9dc5;
  try {
    for (const [name, uses] of bySource) {
      signal?.throwIfAborted();
      const stored = await file.read(name);
      hash = fingerprint(hash, stored.bytes);
      const values = dequantize(stored);
      for (const { spec, index } of uses) {
        if (index === undefined)
          tensors.set(spec.name, tensor(arrange(values, spec), [...spec.shape], 'float32'));
        else stackPart(parts, tensors, spec, index, values);
      }
      loaded += stored.bytes.byteLength;
      onProgress?.(loaded, total, name);
    }
  } catch (error) {
    for (const made of tensors.values()) made.dispose();
    throw error;
  }
  const unused = [...file.tensors.keys()].filter((name) => !bySource.has(name));
  return { tensors, unused, hash: (hash >>> 0).toString(16).padStart(8, '0') };
}

/** FNV-1a, on at most about a thousand bytes of a tensor. */
export function fingerprint(hash: number, bytes: Uint8Array): number {
  const step = Math.max(1, Math.floor(bytes.length / 1021));
  let result = hash ^ bytes.length;
  for (let i = 0; i < bytes.length; i += step) result = Math.imul(result ^ bytes[i], 0x01000193);
  return result;
}

interface Use {
  readonly spec: ParameterSpec;
  /** Which tensor of a stack this is. */
  readonly index?: number;
}

/** What reads each stored tensor: several parameters may be parts of one. Throws `CheckpointError` for one that is missing or has another shape. */
export function groupBySource(
  specs: readonly ParameterSpec[],
  file: WeightFile,
  prefixes: readonly string[],
): Map<string, Use[]> {
  const bySource = new Map<string, Use[]>();
  for (const spec of specs) {
    const { stack } = spec.stored;
    for (let index = 0; index < (stack ?? 1); index++) {
      const wanted = spec.stored.name.replace('{h}', String(index));
      const name = findName(wanted, file, prefixes);
      if (name === undefined) {
        throw new CheckpointError(
          'checkpoint',
          wanted,
          `a tensor of shape [${spec.stored.shape}]`,
          'no such tensor',
        );
      }
      const shape = file.tensors.get(name)?.shape ?? [];
      if (!sameShape(shape, spec.stored.shape)) {
        throw new CheckpointError('checkpoint', name, `shape [${spec.stored.shape}]`, `[${shape}]`);
      }
      const uses = bySource.get(name) ?? [];
      uses.push({ spec, index: stack === undefined ? undefined : index });
      bySource.set(name, uses);
    }
  }
  return bySource;
}

/** The name under which the file has `wanted`, or undefined. */
export function findName(wanted: string, file: WeightFile, prefixes: readonly string[]): string | undefined {
  const candidates = [wanted];
  for (const prefix of prefixes) {
    candidates.push(wanted.startsWith(prefix) ? wanted.slice(prefix.length) : prefix + wanted);
    // The decoder within a multimodal model, in its newer naming.
    if (prefix === 'language_model.') candidates.push(wanted.replace(/^model\./, 'model.language_model.'));
  }
  // TensorFlow's names for a norm's parameters, still found in old BERT checkpoints.
  for (const name of candidates.filter((n) => n.includes('LayerNorm'))) {
    candidates.push(name.replace(/\.weight$/, '.gamma').replace(/\.bias$/, '.beta'));
  }
  return candidates.find((name) => file.tensors.has(name));
}

const sameShape = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((size, i) => size === b[i]);

function stackPart(
  parts: Map<ParameterSpec, Float32Array>,
  tensors: Map<string, Tensor>,
  spec: ParameterSpec,
  index: number,
  values: Float32Array,
): void {
  const all = parts.get(spec) ?? new Float32Array(spec.shape.reduce((product, n) => product * n, 1));
  parts.set(spec, all);
  all.set(values, index * values.length);
  if (index === (spec.stored.stack as number) - 1)
    tensors.set(spec.name, tensor(all, [...spec.shape], 'float32'));
}

/** The parameter's values in our layout, from the stored tensor's values. */
export function arrange(values: Float32Array, spec: ParameterSpec): Float32Array {
  const { layout, rows, shape } = spec.stored;
  if (spec.role !== 'linear') return rows === undefined ? values : pickVector(values, rows);
  const [inputs, outputs] = spec.shape;
  const picked = rows ?? { groups: 1, stride: outputs, offset: 0, count: outputs };
  if (layout === 'in-out') {
    if (rows === undefined) return values;
    const width = shape[1];
    const result = new Float32Array(inputs * outputs);
    for (let i = 0; i < inputs; i++) {
      result.set(pickVector(values.subarray(i * width, (i + 1) * width), picked), i * outputs);
    }
    return result;
  }
  return transposeRows(values, inputs, outputs, picked);
}

function pickVector(values: Float32Array, { groups, stride, offset, count }: RowSelection): Float32Array {
  const result = new Float32Array(groups * count);
  for (let g = 0; g < groups; g++) {
    const start = offset + g * stride;
    result.set(values.subarray(start, start + count), g * count);
  }
  return result;
}

/** [out, in] -> [in, out], in tiles so that both sides stay in cache. */
function transposeRows(
  values: Float32Array,
  inputs: number,
  outputs: number,
  rows: RowSelection,
): Float32Array {
  const result = new Float32Array(inputs * outputs);
  const starts = new Int32Array(outputs);
  for (let g = 0; g < rows.groups; g++) {
    for (let r = 0; r < rows.count; r++)
      starts[g * rows.count + r] = (rows.offset + g * rows.stride + r) * inputs;
  }
  const tile = 32;
  for (let o = 0; o < outputs; o += tile) {
    const lastOut = Math.min(o + tile, outputs);
    for (let i = 0; i < inputs; i += tile) {
      const lastIn = Math.min(i + tile, inputs);
      for (let a = o; a < lastOut; a++) {
        const start = starts[a];
        for (let b = i; b < lastIn; b++) result[b * outputs + a] = values[start + b];
      }
    }
  }
  return result;
}
