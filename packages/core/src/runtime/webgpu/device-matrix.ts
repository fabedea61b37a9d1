// A matrix [rows = outputs, columns = inputs] on the device. Rows that would not fit into one binding lie in several parts.
import type { DeviceMemory } from './device-memory.ts';
import { quantWords, type WeightKind } from './weight-kind.ts';

/** Rows `from` to `from + rows - 1` of a matrix. */
export interface MatrixPart {
  readonly from: number;
  readonly rows: number;
  readonly quants: GPUBuffer;
  readonly scales?: GPUBuffer;
}

/** A matrix and where its rows lie. */
export interface DeviceMatrix {
  readonly kind: WeightKind;
  readonly rows: number;
  readonly columns: number;
  readonly parts: readonly MatrixPart[];
}

/** Bytes of a row, both planes. */
export const rowBytes = (kind: WeightKind, columns: number): number =>
  4 * (quantWords(kind, columns) + kind.scaleWords(columns));

/** Rows of one part on this device, a multiple of `unit`; 0 when not even one unit fits. */
export function rowsOfPart(device: GPUDevice, kind: WeightKind, columns: number, unit = 1): number {
  const { maxStorageBufferBindingSize, maxBufferSize } = device.limits;
  const room = Math.min(maxStorageBufferBindingSize, maxBufferSize);
  const rows = Math.floor(room / (4 * Math.max(quantWords(kind, columns), kind.scaleWords(columns))));
  return Math.floor(rows / unit) * unit;
}

/** Room for a matrix; `unit` rows are never parted. */
export function allocateMatrix(
  memory: DeviceMemory,
  kind: WeightKind,
  rows: number,
  columns: number,
  label: string,
  unit = 1,
): DeviceMatrix {
  const most = rowsOfPart(memory.device, kind, columns, unit);
  if (most === 0) {
    throw new RangeError(
      `${label}: expected rows that fit into one binding of the device, got ${unit} of ${columns} columns`,
    );
  }
  const parts: MatrixPart[] = [];
  const scaleWords = kind.scaleWords(columns);
  for (let from = 0; from < rows; from += most) {
    const count = Math.min(most, rows - from);
    parts.push({
      from,
      rows: count,
      quants: memory.storage(count * quantWords(kind, columns) * 4, label),
      ...(scaleWords === 0 ? {} : { scales: memory.storage(count * scaleWords * 4, `${label} scales`) }),
    });
  }
  return { kind, rows, columns, parts };
}

/** Writes the packed rows from `row` on. */
export function writeRows(
  device: GPUDevice,
  { kind, columns, parts }: DeviceMatrix,
  row: number,
  count: number,
  quants: Uint32Array,
  scales: Uint32Array,
): void {
  const words = quantWords(kind, columns);
  const scaleWords = kind.scaleWords(columns);
  for (const part of parts) {
    const first = Math.max(row, part.from);
    const last = Math.min(row + count, part.from + part.rows);
    if (first >= last) continue;
    const write = (buffer: GPUBuffer, source: Uint32Array, width: number) =>
      device.queue.writeBuffer(
        buffer,
        (first - part.from) * width * 4,
        source.buffer,
        source.byteOffset + (first - row) * width * 4,
        (last - first) * width * 4,
      );
    write(part.quants, quants, words);
    if (part.scales !== undefined) write(part.scales, scales, scaleWords);
  }
}

/** Frees a matrix. */
export function freeMatrix(memory: DeviceMemory, { parts }: DeviceMatrix): void {
  for (const { quants, scales } of parts) {
    memory.free(quants);
    memory.free(scales);
  }
}
