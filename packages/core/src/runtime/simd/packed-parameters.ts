// All parameters of a model in the SIMD machine's memory, packed as they were stored; loaded one tensor at a time.
import type { Heap } from '../../backends/simd/heap.ts';
import { groupBySource, type LoadParametersOptions } from '../../models/load-parameters.ts';
import type { ParameterSpec } from '../../models/parameters.ts';
import type { StoredTensor, WeightFile } from '../../weights/weight-file.ts';
import { loadPlanParameters } from '../load-plan-parameters.ts';
import { isIntegerKind, type PackedMatrix } from './packed-layout.ts';
import { packMatrix, unpackMatrix } from './packed-matrix.ts';

/** A model's parameters by the names of `listParameters`. */
export interface PackedParameters {
  readonly bytes: number;
  /** True when some matrix multiplies as integers. */
  readonly hasIntegers: boolean;
  matrix(name: string): PackedMatrix;
  /** The address of a vector; `plusOne` for norms that scale by 1 + weight. */
  vector(name: string, plusOne?: boolean): number;
  /** As float32 in the shape of `listParameters`. */
  values(name: string): Float32Array;
  replace(name: string, values: Float32Array): void;
  dispose(): void;
}

/** What a load gives. */
export interface LoadedPackedParameters {
  readonly parameters: PackedParameters;
  readonly unused: readonly string[];
  readonly hash: string;
}

/** Reads the tensors that `specs` asks for from `file` into the heap. On an error nothing stays allocated. */
export async function loadPackedParameters(
  heap: Heap,
  specs: readonly ParameterSpec[],
  file: WeightFile,
  { prefixes = [], ...options }: LoadParametersOptions = {},
): Promise<LoadedPackedParameters> {
  const matrices = new Map<string, PackedMatrix>();
  const placed = new Map<string, number>();
  const byName = new Map(specs.map((spec) => [spec.name, spec]));
  const free = () => {
    for (const { address } of matrices.values()) heap.free(address);
    for (const address of placed.values()) heap.free(address);
    matrices.clear();
    placed.clear();
  };

  const put = (spec: ParameterSpec, stored: StoredTensor) => {
    matrices.set(spec.name, packMatrix(heap, stored, spec));
  };
  const uses = groupBySource(specs, file, prefixes);
  const { vectors, unused, hash } = await loadPlanParameters(uses, file, { put }, options).catch(
    (error: unknown) => {
      free();
      throw error;
    },
  );

  const place = (key: string, values: Float32Array): number => {
    const known = placed.get(key);
    if (known !== undefined) return known;
    const address = heap.allocate(values.byteLength);
    new Float32Array(heap.memory.buffer, address, values.length).set(values);
    placed.set(key, address);
    return address;
  };
  const vectorOf = (name: string): Float32Array => {
    const found = vectors.get(name);
    if (found === undefined) throw new RangeError(`parameter: expected one of the model, got ${name}`);
    return found;
  };
  const parameters: PackedParameters = {
    get bytes() {
      return (
        [...matrices.values()].reduce((sum, m) => sum + m.bytes, 0) +
        [...vectors.values()].reduce((sum, v) => sum + v.byteLength, 0)
      );
    },
    get hasIntegers() {
      return [...matrices.values()].some(({ kind }) => isIntegerKind(kind));
    },
    matrix(name) {
      const found = matrices.get(name);
      if (found === undefined) throw new RangeError(`parameter: expected a matrix of the model, got ${name}`);
      return found;
    },
    vector(name, plusOne = false) {
      const values = vectorOf(name);
      return plusOne
        ? place(
            `${name}+1`,
            values.map((w) => w + 1),
          )
        : place(name, values);
    },
    values(name) {
      const matrix = matrices.get(name);
      return matrix === undefined
        ? vectorOf(name).slice()
        : unpackMatrix(heap, matrix, byName.get(name)?.role === 'embedding');
    },
    replace(name, values) {
      const old = matrices.get(name);
      if (old === undefined) {
        vectorOf(name).set(values);
        for (const key of [name, `${name}+1`]) {
          const address = placed.get(key);
          if (address !== undefined) heap.free(address);
          placed.delete(key);
        }
        return;
      }
      const { rows, columns } = old;
      heap.free(old.address);
      const address = heap.allocate(rows * columns * 4);
      const out = new Float32Array(heap.memory.buffer, address, rows * columns);
      if (byName.get(name)?.role === 'embedding') out.set(values);
      else
        for (let r = 0; r < rows; r++)
          for (let c = 0; c < columns; c++) out[r * columns + c] = values[c * rows + r];
      matrices.set(name, { kind: 'F32', rows, columns, address, bytes: rows * columns * 4 });
    },
    dispose: free,
  };
  return { parameters, unused, hash };
}
