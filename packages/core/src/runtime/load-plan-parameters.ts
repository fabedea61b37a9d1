// The parameters that a plan's executor needs, one stored tensor at a time: matrices go where the executor keeps them, vectors (norms, biases) are put together as float32.
import {
  arrange,
  fingerprint,
  type groupBySource,
  type LoadParametersOptions,
} from '../models/load-parameters.ts';
import type { ParameterSpec } from '../models/parameters.ts';
import { dequantize } from '../weights/quantization/dequantize.ts';
import type { StoredTensor, WeightFile } from '../weights/weight-file.ts';

/** Where matrices go. */
export interface MatrixStorage {
  /** Keeps the part of `stored` that `spec` names. */
  put(spec: ParameterSpec, stored: StoredTensor): void;
  /** Called after each stored tensor with its bytes: a device may have to catch up. */
  settle?(bytes: number): Promise<void>;
}

/** What a load gives beside the matrices. */
export interface LoadedPlanParameters {
  readonly vectors: Map<string, Float32Array>;
  /** Tensors of the file that no parameter asked for. */
  readonly unused: readonly string[];
  /** Fingerprint of the stored bytes. */
  readonly hash: string;
}

/** True for parameters that are matrices: linear layers and tables. */
export const isMatrix = ({ role }: ParameterSpec): boolean => role === 'linear' || role === 'embedding';

/** [rows, columns] of a matrix as executors keep it: an output (or an id) a row. */
export const matrixShape = ({ role, shape }: ParameterSpec): [rows: number, columns: number] =>
  role === 'embedding' ? [shape[0], shape[1]] : [shape[1], shape[0]];

/** Which stored row is the matrix's row: parts of fused tensors lie in runs. */
export function storedRows({ stored: { rows: selection } }: ParameterSpec): (row: number) => number {
  if (selection === undefined) return (row) => row;
  const { offset, stride, count } = selection;
  return (row) => offset + Math.floor(row / count) * stride + (row % count);
}

/** Reads what `uses` (of `groupBySource`) says from `file`. On an error the storage's owner frees what it was given. */
export async function loadPlanParameters(
  uses: ReturnType<typeof groupBySource>,
  file: WeightFile,
  storage: MatrixStorage,
  { onProgress, signal }: Omit<LoadParametersOptions, 'prefixes'> = {},
): Promise<LoadedPlanParameters> {
  const vectors = new Map<string, Float32Array>();
  const total = [...uses.keys()].reduce((sum, name) => sum + (file.tensors.get(name)?.byteLength ?? 0), 0);
  let loaded = 0;
  let hash = 0x811c9dc5;
  for (const [name, list] of uses) {
    signal?.throwIfAborted();
    const stored = await file.read(name);
    hash = fingerprint(hash, stored.bytes);
    for (const { spec, index } of list) {
      if (isMatrix(spec)) storage.put(spec, stored);
      else if (index === undefined)
        vectors.set(spec.name, Float32Array.from(arrange(dequantize(stored), spec)));
      else {
        const own = dequantize(stored);
        const all = vectors.get(spec.name) ?? new Float32Array(spec.shape.reduce((a, b) => a * b, 1));
        all.set(own, index * own.length);
        vectors.set(spec.name, all);
      }
    }
    loaded += stored.bytes.byteLength;
    await storage.settle?.(stored.bytes.byteLength);
    onProgress?.(loaded, total, name);
  }
  return {
    vectors,
    unused: [...file.tensors.keys()].filter((name) => !uses.has(name)),
    hash: (hash >>> 0).toString(16).padStart(8, '0'),
  };
}
