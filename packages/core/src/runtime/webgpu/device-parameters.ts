// All parameters of a model on the device, packed as they were stored, loaded one tensor at a time. Matrices that share an input lie behind each other in one matrix where
// their types agree (queries, keys and values; gate and up; the experts of a layer), so that one dispatch serves them all.
import { arrange, groupBySource, type LoadParametersOptions } from '../../models/load-parameters.ts';
import type { ParameterSpec } from '../../models/parameters.ts';
import { dequantize } from '../../weights/quantization/dequantize.ts';
import type { StoredTensor, WeightFile } from '../../weights/weight-file.ts';
import { isMatrix, loadPlanParameters, matrixShape, storedRows } from '../load-plan-parameters.ts';
import { allocateMatrix, type DeviceMatrix, rowBytes, rowsOfPart, writeRows } from './device-matrix.ts';
import type { DeviceMemory } from './device-memory.ts';
import { floatKind, kindOf, quantWords, type WeightKind } from './weight-kind.ts';

/** Rows `from` to `from + rows - 1` of `matrix` are a parameter. */
export interface Member {
  readonly spec: ParameterSpec;
  readonly group: string;
  readonly from: number;
  readonly rows: number;
}

/** A model's parameters by the names of `listParameters`. */
export interface DeviceParameters {
  /** Bytes of matrices and vectors. */
  readonly bytes: number;
  readonly specs: ReadonlyMap<string, ParameterSpec>;
  /** Changes whenever a matrix has been replaced. */
  readonly version: number;
  has(name: string): boolean;
  member(name: string): Member;
  matrix(group: string): DeviceMatrix;
  /** Members of a group in the order of their rows. */
  membersOf(group: string): readonly Member[];
  /** The values of a vector (norm, bias): in host memory as they were loaded, on the device once they were set from there. */
  vector(name: string): Float32Array | GPUBuffer;
  /** A buffer with the vectors of these names behind each other; an absent one counts as nothing. */
  vectors(names: readonly string[]): GPUBuffer;
  setVector(name: string, values: Float32Array | GPUBuffer): void;
  setMatrix(group: string, matrix: DeviceMatrix): void;
}

/** What a load gives. */
export interface LoadedDeviceParameters {
  readonly parameters: DeviceParameters;
  readonly unused: readonly string[];
  readonly hash: string;
}

/** Name of the group that a parameter would like to belong to, and the rows that must not be parted. */
function wantedGroup(name: string): string {
  return name
    .replace(/\.attention\.[qkv]\.weight$/, '.attention.qkv')
    .replace(/\.mlp\.(gate|up)\.weight$/, '.mlp.gateUp')
    .replace(/\.experts\.\d+\.(gate|up)\.weight$/, '.experts.gateUp')
    .replace(/\.experts\.\d+\.down\.weight$/, '.experts.down');
}

const pieceBytes = 8 << 20;

/** Reads the tensors that `specs` asks for into `memory`. On an error the caller disposes the memory. */
export async function loadDeviceParameters(
  memory: DeviceMemory,
  specs: readonly ParameterSpec[],
  file: WeightFile,
  { prefixes = [], ...options }: LoadParametersOptions = {},
): Promise<LoadedDeviceParameters> {
  const { device } = memory;
  const uses = groupBySource(specs, file, prefixes);
  const kinds = new Map<string, WeightKind>();
  for (const [name, list] of uses) {
    const dtype = file.tensors.get(name)?.dtype;
    for (const { spec } of list) if (isMatrix(spec)) kinds.set(spec.name, storedKind(spec, dtype));
  }
  const { members, matrices } = placeMatrices(memory, specs, kinds);
  let waiting = 0;
  const { vectors, unused, hash } = await loadPlanParameters(
    uses,
    file,
    {
      put(spec, stored) {
        const { group, from } = members.get(spec.name) as Member;
        writeStored(device, matrices.get(group) as DeviceMatrix, from, stored, spec);
      },
      // What has been written waits in the driver's memory until the queue moves.
      async settle(bytes) {
        waiting += bytes;
        if (waiting <= 16 * pieceBytes) return;
        device.queue.submit([]);
        await device.queue.onSubmittedWorkDone();
        waiting = 0;
      },
    },
    options,
  );
  return { parameters: openParameters(memory, specs, members, matrices, vectors), unused, hash };
}

/** The kind in which a stored matrix stays as it is; float32 where its axes must be turned or its type has no kind. */
function storedKind(spec: ParameterSpec, dtype: StoredTensor['dtype'] | undefined): WeightKind {
  const direct = spec.role === 'embedding' || spec.stored.layout === 'out-in';
  return (direct && dtype !== undefined ? kindOf(dtype, matrixShape(spec)[1]) : undefined) ?? floatKind;
}

function placeMatrices(
  memory: DeviceMemory,
  specs: readonly ParameterSpec[],
  kinds: ReadonlyMap<string, WeightKind>,
) {
  const groups = new Map<string, ParameterSpec[]>();
  for (const spec of specs.filter(isMatrix)) {
    const group = wantedGroup(spec.name);
    groups.set(group, [...(groups.get(group) ?? []), spec]);
  }
  const members = new Map<string, Member>();
  const matrices = new Map<string, DeviceMatrix>();
  const put = (group: string, list: readonly ParameterSpec[], kind: WeightKind, unit: number) => {
    const columns = matrixShape(list[0])[1];
    let rows = 0;
    for (const spec of list) {
      const own = matrixShape(spec)[0];
      members.set(spec.name, { spec, group, from: rows, rows: own });
      rows += own;
    }
    matrices.set(group, allocateMatrix(memory, kind, rows, columns, group, unit));
  };
  for (const [group, list] of groups) {
    const own = list.map(({ name }) => kinds.get(name) as WeightKind);
    const [outputs, columns] = matrixShape(list[0]);
    const same = own.every((kind) => kind === own[0]);
    if (group.includes('.experts.') && !group.endsWith('.router.weight')) {
      const gated = list.some(({ name }) => name.endsWith('.gate.weight'));
      put(group, list, same ? own[0] : floatKind, gated ? 2 * outputs : outputs);
    } else if (list.length === 1) put(list[0].name, list, own[0], 1);
    else {
      const rows = list.reduce((sum, spec) => sum + matrixShape(spec)[0], 0);
      // Gate and up meet in one thread, so they must lie in one part.
      if (same && rows <= rowsOfPart(memory.device, own[0], columns)) put(group, list, own[0], 1);
      else for (const [i, spec] of list.entries()) put(spec.name, [spec], own[i], 1);
    }
  }
  return { members, matrices };
}

/** Packs the rows of `spec` out of a stored tensor and writes them behind row `to`, a few MiB at a time. */
function writeStored(
  device: GPUDevice,
  matrix: DeviceMatrix,
  to: number,
  stored: StoredTensor,
  spec: ParameterSpec,
): void {
  const { kind, columns } = matrix;
  const [rows] = matrixShape(spec);
  const words = quantWords(kind, columns);
  const scaleWords = kind.scaleWords(columns);
  const piece = Math.max(1, Math.min(rows, Math.floor(pieceBytes / rowBytes(kind, columns))));
  const order = storedRows(spec);
  const direct = spec.role === 'embedding' || spec.stored.layout === 'out-in';
  const isStored = direct && kind.name === stored.dtype;
  const view = new DataView(stored.bytes.buffer, stored.bytes.byteOffset, stored.bytes.byteLength);
  const values = isStored ? undefined : direct ? dequantize(stored) : arrange(dequantize(stored), spec); // [out, in] or [in, out]
  for (let from = 0; from < rows; from += piece) {
    const count = Math.min(piece, rows - from);
    const quants = new Uint32Array(count * words);
    const scales = new Uint32Array(count * scaleWords);
    const floats = new Float32Array(quants.buffer);
    for (let r = 0; r < count; r++) {
      const source = order(from + r);
      if (values === undefined) {
        const blocks = columns / kind.block;
        const [q, s] = [
          quants.subarray(r * words, (r + 1) * words),
          scales.subarray(r * scaleWords, (r + 1) * scaleWords),
        ];
        kind.pack(view, source * blocks * kind.blockBytes, blocks, q, s);
      } else if (direct) floats.set(values.subarray(source * columns, (source + 1) * columns), r * words);
      else for (let c = 0; c < columns; c++) floats[r * words + c] = values[c * rows + from + r];
    }
    writeRows(device, matrix, to + from, count, quants, scales);
  }
}

function openParameters(
  memory: DeviceMemory,
  list: readonly ParameterSpec[],
  members: ReadonlyMap<string, Member>,
  matrices: Map<string, DeviceMatrix>,
  vectors: Map<string, Float32Array>,
): DeviceParameters {
  const specs = new Map(list.map((spec) => [spec.name, spec]));
  const placed = new Map<string, { names: readonly string[]; buffer: GPUBuffer }>();
  const byGroup = new Map<string, Member[]>();
  for (const member of members.values())
    byGroup.set(member.group, [...(byGroup.get(member.group) ?? []), member]);
  const onDevice = new Map<string, GPUBuffer>();
  let version = 0;
  /** Puts the values of `name` where they belong in a buffer of several vectors. */
  const write = (
    buffer: GPUBuffer,
    names: readonly string[],
    name: string,
    values: Float32Array | GPUBuffer,
  ) => {
    const before = names
      .slice(0, names.indexOf(name))
      .reduce((sum, other) => sum + vector(other).byteLength, 0);
    if (values instanceof Float32Array) {
      memory.device.queue.writeBuffer(buffer, before, values as Float32Array<ArrayBuffer>);
      return;
    }
    const encoder = memory.device.createCommandEncoder();
    encoder.copyBufferToBuffer(values, 0, buffer, before, vector(name).byteLength);
    memory.device.queue.submit([encoder.finish()]);
  };
  const vector = (name: string): Float32Array => {
    const found = vectors.get(name);
    if (found === undefined) throw new RangeError(`parameter: expected one of the model, got ${name}`);
    return found;
  };
  return {
    specs,
    get version() {
      return version;
    },
    get bytes() {
      const inMatrices = [...matrices.values()].reduce(
        (sum, { rows, columns, kind }) => sum + rows * rowBytes(kind, columns),
        0,
      );
      return inMatrices + [...vectors.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
    },
    has: (name) => specs.has(name),
    member(name) {
      const found = members.get(name);
      if (found === undefined) throw new RangeError(`parameter: expected a matrix of the model, got ${name}`);
      return found;
    },
    matrix: (group) => matrices.get(group) as DeviceMatrix,
    membersOf: (group) => byGroup.get(group) ?? [],
    vector: (name) => onDevice.get(name) ?? vector(name),
    vectors(names) {
      const present = names.filter((name) => vectors.has(name));
      const key = present.join();
      const known = placed.get(key);
      if (known !== undefined) return known.buffer;
      const buffer = memory.storage(
        present.reduce((sum, name) => sum + vector(name).byteLength, 0),
        key,
      );
      placed.set(key, { names: present, buffer });
      for (const name of present) write(buffer, present, name, onDevice.get(name) ?? vector(name));
      return buffer;
    },
    setVector(name, values) {
      memory.free(onDevice.get(name));
      onDevice.delete(name);
      if (values instanceof Float32Array) vector(name).set(values);
      else onDevice.set(name, values);
      for (const { names, buffer } of placed.values())
        if (names.includes(name)) write(buffer, names, name, values);
    },
    setMatrix(group, matrix) {
      matrices.set(group, matrix);
      version++;
    },
  };
}
