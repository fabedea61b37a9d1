// From ggml's blocks to the groups of four rows that the kernels read (packed.as.ts). Values keep every bit: types of 5 and 6 bits take a byte a value.
import type { Heap } from '../../backends/simd/heap.ts';
import { unevenValues } from '../../weights/quantization/blocks/uneven-values.ts';
import type { StoredTensor } from '../../weights/weight-file.ts';
import { groupLayouts, integerBytes, integerKindOf, type PackedMatrix } from './packed-layout.ts';
import { superBlocks } from './super-blocks.ts';

/** Which stored row each row is. */
export type RowOrder = (row: number) => number;

/** Packs a tensor of one of `integerKindOf`'s types; `columns` is a multiple of the type's block. */
export function packIntegers(
  heap: Heap,
  stored: StoredTensor,
  rows: number,
  columns: number,
  order: RowOrder,
): PackedMatrix {
  const kind = integerKindOf[stored.dtype];
  const bytes = integerBytes(kind, rows, columns);
  const address = heap.allocate(bytes);
  const group = (columns / groupLayouts[kind].columns) * groupLayouts[kind].bytes;
  const { buffer } = heap.memory;
  if (rows % 4 !== 0) new Uint8Array(buffer, address + bytes - group, group).fill(0);
  const pack = kind === 'K4' || kind === 'K8' ? packSuperBlocks : kind === 'Q4' ? packNibbles : packBytes;
  pack(stored, rows, columns, order, buffer, address);
  return { kind, rows, columns, address, bytes };
}

function packNibbles(
  { dtype, bytes }: StoredTensor,
  rows: number,
  columns: number,
  order: RowOrder,
  buffer: ArrayBufferLike,
  address: number,
): void {
  const blocks = columns >> 5;
  const withMinimum = dtype === 'Q4_1';
  const size = withMinimum ? 20 : 18;
  const source = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const words = new Uint32Array(buffer, address, Math.ceil(rows / 4) * blocks * 20);
  const halves = new Uint16Array(buffer, address, words.length * 2);
  for (let r = 0; r < rows; r++) {
    let from = order(r) * blocks * size;
    let to = (r >> 2) * blocks * 20;
    const lane = r & 3;
    for (let b = 0; b < blocks; b++, from += size, to += 20) {
      const d = source.getUint16(from, true);
      const quants = from + size - 16;
      words[to + lane] = source.getUint32(quants, true);
      words[to + 4 + lane] = source.getUint32(quants + 4, true);
      words[to + 8 + lane] = source.getUint32(quants + 8, true);
      words[to + 12 + lane] = source.getUint32(quants + 12, true);
      halves[to * 2 + 32 + lane] = d;
      // Q4_0 is d (q - 8): the minimum -8 d is exact in float16 unless it overflows, which no trained weight comes near.
      halves[to * 2 + 36 + lane] = withMinimum ? source.getUint16(from + 2, true) : minusEight(d);
    }
  }
}

/** -8 d of a float16: three to the exponent, the other sign; subnormals are shifted until they are normal. */
function minusEight(d: number): number {
  const sign = (d & 0x8000) ^ 0x8000;
  const exponent = (d >> 10) & 31;
  const mantissa = d & 0x3ff;
  if (exponent !== 0) return exponent + 3 > 30 ? sign | 0x7bff : sign | ((exponent + 3) << 10) | mantissa;
  if (mantissa === 0) return 0;
  let value = mantissa << 3;
  let shift = 0;
  while (value >= 0x800) {
    value >>= 1;
    shift++;
  }
  return value >= 0x400 ? sign | ((shift + 1) << 10) | (value & 0x3ff) : sign | value;
}

/** Blocks of 32 whose values take a byte: where d (and m) lie, and the values. */
const byteBlocks: Readonly<
  Record<string, { size: number; m?: number; read(bytes: Uint8Array, at: number, q: Int8Array): void }>
> = {
  Q8_0: {
    size: 34,
    read(bytes, at, q) {
      for (let i = 0; i < 32; i++) q[i] = bytes[at + 2 + i];
    },
  },
  Q5_0: { size: 22, read: (bytes, at, q) => fiveBits(bytes, at + 2, 16, q) },
  Q5_1: { size: 24, m: 2, read: (bytes, at, q) => fiveBits(bytes, at + 4, 0, q) },
  IQ4_NL: {
    size: 18,
    read(bytes, at, q) {
      for (let i = 0; i < 16; i++) {
        q[i] = unevenValues[bytes[at + 2 + i] & 15];
        q[i + 16] = unevenValues[bytes[at + 2 + i] >> 4];
      }
    },
  },
};

function fiveBits(bytes: Uint8Array, at: number, offset: number, q: Int8Array): void {
  const fifth = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
  for (let i = 0; i < 16; i++) {
    const byte = bytes[at + 4 + i];
    q[i] = ((byte & 15) | (((fifth >> i) & 1) << 4)) - offset;
    q[i + 16] = ((byte >> 4) | (((fifth >> (i + 16)) & 1) << 4)) - offset;
  }
}

function packBytes(
  { dtype, bytes }: StoredTensor,
  rows: number,
  columns: number,
  order: RowOrder,
  buffer: ArrayBufferLike,
  address: number,
): void {
  const blocks = columns >> 5;
  const { size, m, read } = byteBlocks[dtype];
  const group = groupLayouts[m === undefined ? 'Q8' : 'Q8M'].bytes;
  const total = Math.ceil(rows / 4) * blocks * group;
  const words = new Int32Array(buffer, address, total / 4);
  const halves = new Uint16Array(buffer, address, total / 2);
  const q = new Int8Array(32);
  const fours = new Int32Array(q.buffer);
  for (let r = 0; r < rows; r++) {
    let from = order(r) * blocks * size;
    let to = (r >> 2) * blocks * group;
    const lane = r & 3;
    for (let b = 0; b < blocks; b++, from += size, to += group) {
      read(bytes, from, q);
      for (let g = 0; g < 8; g++) words[(to >> 2) + g * 4 + lane] = fours[g];
      halves[(to >> 1) + 64 + lane] = bytes[from] | (bytes[from + 1] << 8);
      if (m !== undefined) halves[(to >> 1) + 68 + lane] = bytes[from + m] | (bytes[from + m + 1] << 8);
    }
  }
}

function packSuperBlocks(
  { dtype, bytes }: StoredTensor,
  rows: number,
  columns: number,
  order: RowOrder,
  buffer: ArrayBufferLike,
  address: number,
): void {
  const type = superBlocks[dtype];
  const { bytes: group } = groupLayouts[integerKindOf[dtype]];
  const nibbles = dtype === 'Q4_K';
  const blocks = columns >> 8;
  const out = new Uint8Array(buffer, address, Math.ceil(rows / 4) * blocks * group);
  const q = new Int8Array(256);
  const scales = new Int8Array(16);
  const minima = new Uint8Array(16);
  for (let r = 0; r < rows; r++) {
    let from = order(r) * blocks * type.bytes;
    let to = (r >> 2) * blocks * group;
    const lane = r & 3;
    for (let b = 0; b < blocks; b++, from += type.bytes, to += group) {
      type.read(bytes, from, q, scales, minima);
      for (let part = 0, at = to; part < 16; part += nibbles ? 2 : 1, at += 72) {
        const first = part * 16;
        for (let i = 0; i < 16; i++) {
          out[at + (i >> 2) * 16 + lane * 4 + (i & 3)] = nibbles
            ? q[first + i] | (q[first + 16 + i] << 4)
            : q[first + i];
        }
        out[at + 64 + lane] = scales[part];
        out[at + 68 + lane] = minima[part];
      }
      const top = to + group - 16 + lane * 2;
      out[top] = bytes[from + type.d];
      out[top + 1] = bytes[from + type.d + 1];
      out[top + 8] = type.dmin === undefined ? 0 : bytes[from + type.dmin];
      out[top + 9] = type.dmin === undefined ? 0 : bytes[from + type.dmin + 1];
    }
  }
}
