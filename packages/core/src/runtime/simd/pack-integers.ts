// From ggml's blocks to the groups of eight rows that the kernels read (packed.as.ts). Values keep every bit: types of 5 and 6 bits take a byte a value.
import type { Heap } from '../../backends/simd/heap.ts';
import { unevenValues } from '../../weights/quantization/blocks/uneven-values.ts';
import type { StoredTensor } from '../../weights/weight-file.ts';
import {
  groupLayouts,
  type IntegerKind,
  integerBytes,
  integerKindOf,
  type PackedMatrix,
} from './packed-layout.ts';
import { superBlocks } from './super-blocks.ts';

/** Which stored row each row is. */
export type RowOrder = (row: number) => number;

const packers: Readonly<Record<IntegerKind, typeof packNibbles>> = {
  Q4: packNibbles,
  Q4S: packNibbles,
  Q8: packBytes,
  Q8M: packBytes,
  K4: packSuperBlocks,
  K8: packSuperBlocks,
};

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
  if (rows % 8 !== 0) new Uint8Array(buffer, address + bytes - group, group).fill(0);
  packers[kind](stored, rows, columns, order, buffer, address);
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
  const half = groupLayouts[withMinimum ? 'Q4' : 'Q4S'].bytes >> 1;
  const words = new Uint32Array(buffer, address, (Math.ceil(rows / 8) * blocks * half) >> 1);
  const halves = new Uint16Array(buffer, address, words.length * 2);
  for (let r = 0; r < rows; r++) {
    let from = order(r) * blocks * size;
    let to = (((r >> 3) * blocks * 2 + ((r >> 2) & 1)) * half) >> 2;
    const lane = r & 3;
    for (let b = 0; b < blocks; b++, from += size, to += half >> 1) {
      const quants = from + size - 16;
      for (let g = 0; g < 4; g++) words[to + 4 * g + lane] = source.getUint32(quants + 4 * g, true);
      halves[to * 2 + 32 + lane] = source.getUint16(from, true);
      if (withMinimum) halves[to * 2 + 36 + lane] = source.getUint16(from + 2, true);
    }
  }
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
  const half = groupLayouts[m === undefined ? 'Q8' : 'Q8M'].bytes >> 1;
  const total = Math.ceil(rows / 8) * blocks * 2 * half;
  const words = new Int32Array(buffer, address, total / 4);
  const halves = new Uint16Array(buffer, address, total / 2);
  const q = new Int8Array(32);
  const fours = new Int32Array(q.buffer);
  for (let r = 0; r < rows; r++) {
    let from = order(r) * blocks * size;
    let to = ((r >> 3) * blocks * 2 + ((r >> 2) & 1)) * half;
    const lane = r & 3;
    for (let b = 0; b < blocks; b++, from += size, to += 2 * half) {
      read(bytes, from, q);
      for (let g = 0; g < 8; g++) words[(to >> 2) + g * 4 + lane] = fours[g] ^ 0x80808080;
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
  const out = new Uint8Array(buffer, address, Math.ceil(rows / 8) * blocks * group);
  const q = new Int8Array(256);
  const scales = new Int8Array(16);
  const minima = new Uint8Array(16);
  for (let r = 0; r < rows; r++) {
    let from = order(r) * blocks * type.bytes;
    let to = (r >> 3) * blocks * group;
    const lane = r & 3;
    const second = (r >> 2) & 1;
    for (let b = 0; b < blocks; b++, from += type.bytes, to += group) {
      type.read(bytes, from, q, scales, minima);
      for (let part = 0, at = to + second * 72; part < 16; part += nibbles ? 2 : 1, at += 144) {
        const first = part * 16;
        for (let i = 0; i < 16; i++) {
          out[at + (i >> 2) * 16 + lane * 4 + (i & 3)] = nibbles
            ? q[first + i] | (q[first + 16 + i] << 4)
            : q[first + i] + 128;
        }
        out[at + 64 + lane] = scales[part];
        out[at + 68 + lane] = minima[part];
      }
      const top = to + group - 32 + second * 16 + lane * 2;
      out[top] = bytes[from + type.d];
      out[top + 1] = bytes[from + type.d + 1];
      out[top + 8] = type.dmin === undefined ? 0 : bytes[from + type.dmin];
      out[top + 9] = type.dmin === undefined ? 0 : bytes[from + type.dmin + 1] ^ 0x80;
    }
  }
}
