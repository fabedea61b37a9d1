// Where the packed kernels (packed.as.ts) expect what: bytes of eight rows and one block, and a row read back as float32.
import type { Heap } from '../../backends/simd/heap.ts';
import type { linearKinds } from '../../backends/simd/program.ts';
import { halfTable } from '../../weights/quantization/half.ts';

/** A matrix [rows = outputs, columns = inputs] in the shared memory. */
export interface PackedMatrix {
  readonly kind: keyof typeof linearKinds;
  readonly rows: number;
  readonly columns: number;
  readonly address: number;
  readonly bytes: number;
}

/** Columns and bytes of a block of eight rows. */
export const groupLayouts = {
  Q4: { columns: 32, bytes: 160 },
  Q4S: { columns: 32, bytes: 144 },
  Q8: { columns: 32, bytes: 272 },
  Q8M: { columns: 32, bytes: 288 },
  K4: { columns: 256, bytes: 1184 },
  K8: { columns: 256, bytes: 2336 },
} as const;

/** A kind of packed integers. */
export type IntegerKind = keyof typeof groupLayouts;

/** True for kinds whose activations are quantised. */
export const isIntegerKind = (kind: PackedMatrix['kind']): kind is IntegerKind => kind in groupLayouts;

/** True for kinds of nibbles, which may meet activations of 8 bits. */
export const isNibbleKind = (kind: PackedMatrix['kind']): boolean =>
  kind === 'Q4' || kind === 'Q4S' || kind === 'K4';

/** The bytes that each stored type of blocks becomes. */
export const integerKindOf: Readonly<Record<string, IntegerKind>> = {
  Q4_0: 'Q4S',
  Q4_1: 'Q4',
  Q5_0: 'Q8',
  Q5_1: 'Q8M',
  Q8_0: 'Q8',
  IQ4_NL: 'Q8',
  Q4_K: 'K4',
  Q2_K: 'K8',
  Q3_K: 'K8',
  Q5_K: 'K8',
  Q6_K: 'K8',
  IQ4_XS: 'K8',
  TQ1_0: 'K8',
  TQ2_0: 'K8',
};

/** Types whose values may all be float16: then they stay in 16 bits. */
export const mayBeHalf = (dtype: string): boolean => dtype === 'F16' || dtype === 'MXFP4';

/** Rows of logits computed at a time. */
export const logitRows = 16;
/** Bytes of the linear instruction's scratch a thread: panel.as.ts. */
export const panelBytes = 41024;

/** Bytes of the attend instruction's scratch a thread: attention.as.ts. */
export function attentionScratch(pageSize: number, headDim: number, dtype: string): number {
  const [queries, padded] = [24, Math.ceil(headDim / 4) * 4];
  const widened = dtype === 'float32' ? 0 : 2 * pageSize * padded * 4;
  const bytes = queries * padded * 8 + queries * 16 + (queries / 4) * (pageSize + 1) * 16 + widened;
  return Math.ceil(bytes / 64) * 64;
}

/** Bytes of a whole matrix. */
export function integerBytes(kind: IntegerKind, rows: number, columns: number): number {
  const layout = groupLayouts[kind];
  return Math.ceil(rows / 8) * (columns / layout.columns) * layout.bytes;
}

/** Row `row` as float32. */
export function readRow(heap: Heap, matrix: PackedMatrix, row: number, out: Float32Array): void {
  const { kind, columns, address } = matrix;
  const { buffer } = heap.memory;
  if (kind === 'F32') out.set(new Float32Array(buffer, address + row * columns * 4, columns));
  else if (kind === 'BF16') {
    const bits = new Uint16Array(buffer, address + row * columns * 2, columns);
    const words = new Uint32Array(out.buffer, out.byteOffset, columns);
    for (let c = 0; c < columns; c++) words[c] = bits[c] << 16;
  } else if (kind === 'F16') {
    const half = halfTable();
    const bits = new Uint16Array(buffer, address + row * columns * 2, columns);
    for (let c = 0; c < columns; c++) out[c] = half[bits[c]];
  } else readIntegers(buffer, kind, columns, address, row, out);
}

function readIntegers(
  buffer: ArrayBufferLike,
  kind: IntegerKind,
  columns: number,
  address: number,
  row: number,
  out: Float32Array,
): void {
  const half = halfTable();
  const layout = groupLayouts[kind];
  const blocks = columns / layout.columns;
  const start = address + (row >> 3) * blocks * layout.bytes;
  const bytes = new Uint8Array(buffer, start, blocks * layout.bytes);
  const lane = row & 3;
  const second = (row >> 2) & 1;
  const nibbles = isNibbleKind(kind);
  const less = kind === 'Q4S' ? 8 : nibbles ? 0 : 128;
  const f16 = (at: number) => half[bytes[at + lane * 2] | (bytes[at + lane * 2 + 1] << 8)];
  // 16 columns a turn: where their values lie, and how they become numbers.
  for (let c = 0; c < columns; c += 16) {
    const block = Math.floor(c / layout.columns) * layout.bytes;
    const inside = c % layout.columns;
    let values = block;
    let scale: number;
    let minimum = 0;
    if (kind === 'K4' || kind === 'K8') {
      values += (inside >> (kind === 'K4' ? 5 : 4)) * 144 + second * 72;
      const top = block + layout.bytes - 32 + second * 16;
      scale = Math.fround(f16(top) * ((bytes[values + 64 + lane] << 24) >> 24));
      minimum = Math.fround(f16(top + 8) * bytes[values + 68 + lane]);
    } else {
      values += second * (layout.bytes >> 1);
      const scales = values + (nibbles ? 64 : 128);
      if (!nibbles) values += inside * 4;
      scale = f16(scales);
      if (kind === 'Q4' || kind === 'Q8M') minimum = f16(scales + 8);
    }
    const shift = c & 16 ? 4 : 0;
    for (let i = 0; i < 16; i++) {
      const byte = bytes[values + (i >> 2) * 16 + lane * 4 + (i & 3)];
      out[c + i] = Math.fround(scale * ((nibbles ? (byte >> shift) & 15 : byte) - less)) + minimum;
    }
  }
}
