// How matrices lie on the device, and the WGSL that reads eight neighbouring columns of a row as float32. Two planes: `quants`, rows of words of eight columns,
// and `scales`, what a block has beside them. The values are the checkpoint's own, re-ordered and never re-rounded, so every kind dequantises exactly.
import { groupMinimum, groupScale } from '../../weights/quantization/blocks/six-bit-scales.ts';
import type { StoredDtype } from '../../weights/weight-file.ts';

/** Names of the kinds. */
export type WeightKindName =
  | 'F32'
  | 'F16'
  | 'BF16'
  | 'Q8_0'
  | 'Q4_0'
  | 'Q4_1'
  | 'Q5_0'
  | 'Q5_1'
  | 'Q4_K'
  | 'Q5_K'
  | 'Q6_K';

/** One kind of matrix. */
export interface WeightKind {
  readonly name: WeightKindName;
  /** 32-bit words of `quants` for eight columns. */
  readonly words: number;
  /** Columns of a block; a row is whole blocks (plain kinds fill up with zeros). */
  readonly block: number;
  /** Bytes of a stored block. */
  readonly blockBytes: number;
  /** Words of `scales` for a row; 0: there is no such plane. */
  scaleWords(columns: number): number;
  /** WGSL type of an element of `quants`. */
  readonly element: string;
  /** Body of `fn load8(row: u32, j: u32) -> mat2x4<f32>`: columns 8 j to 8 j + 7; K8, SW are words of eight a row and scale words a row. */
  readonly load8: string;
  /** Writes `blocks` stored blocks, one row, as words; `quants` and `scales` begin at the row. */
  pack(bytes: DataView, from: number, blocks: number, quants: Uint32Array, scales: Uint32Array): void;
}

const low = 0x0f0f0f0f;

/** 16 bytes of ggml's short blocks (columns i and 16 + i share byte i) as four words of eight neighbouring columns. */
function packNibbles16(bytes: DataView, from: number, out: Uint32Array, to: number): void {
  for (let j = 0; j < 2; j++) {
    const a = bytes.getUint32(from + j * 8, true);
    const b = bytes.getUint32(from + j * 8 + 4, true);
    out[to + j] = (a & low) | ((b & low) << 4);
    out[to + 2 + j] = ((a >>> 4) & low) | (b & 0xf0f0f0f0);
  }
}

/** 32 bytes of ggml's long blocks (groups g and g + 1 share them) as twice four words. */
function packNibbles32(bytes: DataView, from: number, out: Uint32Array, to: number): void {
  for (let j = 0; j < 4; j++) {
    const a = bytes.getUint32(from + j * 8, true);
    const b = bytes.getUint32(from + j * 8 + 4, true);
    out[to + j] = (a & low) | ((b & low) << 4);
    out[to + 4 + j] = ((a >>> 4) & low) | (b & 0xf0f0f0f0);
  }
}

/** Copies whole words where they are aligned. */
function copyWords(bytes: DataView, from: number, words: number, out: Uint32Array): boolean {
  if ((bytes.byteOffset + from) % 4 !== 0) return false;
  out.set(new Uint32Array(bytes.buffer, bytes.byteOffset + from, words));
  return true;
}

function packWords(words: number): WeightKind['pack'] {
  return (bytes, from, blocks, quants) => {
    if (copyWords(bytes, from, blocks * words, quants)) return;
    for (let i = 0; i < blocks * words; i++) quants[i] = bytes.getUint32(from + i * 4, true);
  };
}

const nibbles = `
  let w = quants[row * K8 + j];
  let a = vec4<f32>(unpack4xU8(w & 0x0f0f0f0fu));
  let b = vec4<f32>(unpack4xU8((w >> 4u) & 0x0f0f0f0fu));`;
/** WGSL: `d`, the binary16 of a row's block, two to a word. */
export const halfSource = `
  let s = j >> 2u;
  let d = unpack2x16float(scales[row * SW + (s >> 1u)])[s & 1u];`;
const fifth = (word: string) => `
  let h = ${word} >> (8u * (j & 3u));
  let a5 = a + vec4<f32>((vec4<u32>(h, h >> 1u, h >> 2u, h >> 3u) & vec4<u32>(1u)) << vec4<u32>(4u));
  let b5 = b + vec4<f32>((vec4<u32>(h >> 4u, h >> 5u, h >> 6u, h >> 7u) & vec4<u32>(1u)) << vec4<u32>(4u));`;
/** WGSL: `d` and `m`, scale and minimum of a K-quant's group of 32. */
export const groupSource = (stride: number) => `
  let at = row * SW + (j >> 5u) * ${stride}u;
  let g = (j >> 2u) & 7u;
  let dm = unpack2x16float(scales[at]);
  let d = dm.x * f32((scales[at + 1u + (g >> 2u)] >> (8u * (g & 3u))) & 255u);
  let m = dm.y * f32((scales[at + 3u + (g >> 2u)] >> (8u * (g & 3u))) & 255u);`;

const halves = (columns: number) => Math.ceil(columns / 64);

function packHalf(scales: Uint32Array, block: number, bits: number): void {
  if (block & 1) scales[block >> 1] |= bits << 16;
  else scales[block >> 1] = bits;
}

/** Words of a K-quant's scales: d and dmin, eight scales, eight minima. */
function packGroups(bytes: DataView, from: number, scales: Uint32Array, to: number): void {
  const all = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  scales[to] = bytes.getUint32(from, true);
  for (let g = 0; g < 8; g++) {
    const shift = 8 * (g & 3);
    scales[to + 1 + (g >> 2)] |= groupScale(all, from + 4, g) << shift;
    scales[to + 3 + (g >> 2)] |= groupMinimum(all, from + 4, g) << shift;
  }
}

const list: readonly WeightKind[] = [
  {
    name: 'F32',
    words: 8,
    block: 1,
    blockBytes: 4,
    scaleWords: () => 0,
    element: 'vec4<f32>',
    load8: `
  let at = (row * K8 + j) * 2u;
  return mat2x4<f32>(quants[at], quants[at + 1u]);`,
    pack: packWords(1),
  },
  {
    name: 'F16',
    words: 4,
    block: 1,
    blockBytes: 2,
    scaleWords: () => 0,
    element: 'vec4<u32>',
    load8: `
  let w = quants[row * K8 + j];
  return mat2x4<f32>(vec4<f32>(unpack2x16float(w.x), unpack2x16float(w.y)), vec4<f32>(unpack2x16float(w.z), unpack2x16float(w.w)));`,
    pack: packHalves,
  },
  {
    name: 'BF16',
    words: 4,
    block: 1,
    blockBytes: 2,
    scaleWords: () => 0,
    element: 'vec4<u32>',
    load8: `
  let w = quants[row * K8 + j];
  let a = bitcast<vec4<f32>>(w << vec4<u32>(16u));
  let b = bitcast<vec4<f32>>(w & vec4<u32>(0xffff0000u));
  return mat2x4<f32>(vec4<f32>(a.x, b.x, a.y, b.y), vec4<f32>(a.z, b.z, a.w, b.w));`,
    pack: packHalves,
  },
  {
    name: 'Q8_0',
    words: 2,
    block: 32,
    blockBytes: 34,
    scaleWords: halves,
    element: 'vec2<u32>',
    load8: `
  let w = quants[row * K8 + j];${halfSource}
  return mat2x4<f32>(vec4<f32>(unpack4xI8(w.x)) * d, vec4<f32>(unpack4xI8(w.y)) * d);`,
    pack(bytes, from, blocks, quants, scales) {
      for (let b = 0, at = from; b < blocks; b++, at += 34) {
        packHalf(scales, b, bytes.getUint16(at, true));
        for (let i = 0; i < 8; i++) quants[b * 8 + i] = bytes.getUint32(at + 2 + i * 4, true);
      }
    },
  },
  {
    name: 'Q4_0',
    words: 1,
    block: 32,
    blockBytes: 18,
    scaleWords: halves,
    element: 'u32',
    load8: `${nibbles}${halfSource}
  return mat2x4<f32>((a - vec4<f32>(8.0)) * d, (b - vec4<f32>(8.0)) * d);`,
    pack(bytes, from, blocks, quants, scales) {
      for (let b = 0, at = from; b < blocks; b++, at += 18) {
        packHalf(scales, b, bytes.getUint16(at, true));
        packNibbles16(bytes, at + 2, quants, b * 4);
      }
    },
  },
  {
    name: 'Q4_1',
    words: 1,
    block: 32,
    blockBytes: 20,
    scaleWords: (columns) => columns / 32,
    element: 'u32',
    load8: `${nibbles}
  let dm = unpack2x16float(scales[row * SW + (j >> 2u)]);
  return mat2x4<f32>(a * dm.x + vec4<f32>(dm.y), b * dm.x + vec4<f32>(dm.y));`,
    pack(bytes, from, blocks, quants, scales) {
      for (let b = 0, at = from; b < blocks; b++, at += 20) {
        scales[b] = bytes.getUint32(at, true);
        packNibbles16(bytes, at + 4, quants, b * 4);
      }
    },
  },
  {
    name: 'Q5_0',
    words: 1,
    block: 32,
    blockBytes: 22,
    scaleWords: (columns) => columns / 16,
    element: 'u32',
    load8: `${nibbles}
  let s = row * SW + (j >> 2u) * 2u;
  let d = unpack2x16float(scales[s]).x;${fifth('scales[s + 1u]')}
  return mat2x4<f32>((a5 - vec4<f32>(16.0)) * d, (b5 - vec4<f32>(16.0)) * d);`,
    pack(bytes, from, blocks, quants, scales) {
      for (let b = 0, at = from; b < blocks; b++, at += 22) {
        scales[b * 2] = bytes.getUint16(at, true);
        scales[b * 2 + 1] = bytes.getUint32(at + 2, true);
        packNibbles16(bytes, at + 6, quants, b * 4);
      }
    },
  },
  {
    name: 'Q5_1',
    words: 1,
    block: 32,
    blockBytes: 24,
    scaleWords: (columns) => columns / 16,
    element: 'u32',
    load8: `${nibbles}
  let s = row * SW + (j >> 2u) * 2u;
  let dm = unpack2x16float(scales[s]);${fifth('scales[s + 1u]')}
  return mat2x4<f32>(a5 * dm.x + vec4<f32>(dm.y), b5 * dm.x + vec4<f32>(dm.y));`,
    pack(bytes, from, blocks, quants, scales) {
      for (let b = 0, at = from; b < blocks; b++, at += 24) {
        scales[b * 2] = bytes.getUint32(at, true);
        scales[b * 2 + 1] = bytes.getUint32(at + 4, true);
        packNibbles16(bytes, at + 8, quants, b * 4);
      }
    },
  },
  {
    name: 'Q4_K',
    words: 1,
    block: 256,
    blockBytes: 144,
    scaleWords: (columns) => (columns / 256) * 5,
    element: 'u32',
    load8: `${nibbles}${groupSource(5)}
  return mat2x4<f32>(a * d - vec4<f32>(m), b * d - vec4<f32>(m));`,
    pack(bytes, from, blocks, quants, scales) {
      for (let b = 0, at = from; b < blocks; b++, at += 144) {
        packGroups(bytes, at, scales, b * 5);
        for (let g = 0; g < 4; g++) packNibbles32(bytes, at + 16 + g * 32, quants, b * 32 + g * 8);
      }
    },
  },
  {
    name: 'Q5_K',
    words: 1,
    block: 256,
    blockBytes: 176,
    scaleWords: (columns) => (columns / 256) * 13,
    element: 'u32',
    load8: `${nibbles}${groupSource(13)}${fifth('scales[at + 5u + g]')}
  return mat2x4<f32>(a5 * d - vec4<f32>(m), b5 * d - vec4<f32>(m));`,
    pack(bytes, from, blocks, quants, scales) {
      for (let b = 0, at = from; b < blocks; b++, at += 176) {
        packGroups(bytes, at, scales, b * 13);
        for (let g = 0; g < 8; g++) {
          let bits = 0;
          for (let l = 0; l < 32; l++) bits |= ((bytes.getUint8(at + 16 + l) >> g) & 1) << l;
          scales[b * 13 + 5 + g] = bits;
        }
        for (let g = 0; g < 4; g++) packNibbles32(bytes, at + 48 + g * 32, quants, b * 32 + g * 8);
      }
    },
  },
  {
    name: 'Q6_K',
    words: 1,
    block: 256,
    blockBytes: 210,
    scaleWords: (columns) => (columns / 256) * 21,
    element: 'u32',
    load8: `${nibbles}
  let at = row * SW + (j >> 5u) * 21u;
  let c = j & 31u;
  let h = scales[at + 5u + (c >> 1u)] >> (16u * (c & 1u));
  let a6 = a + vec4<f32>((vec4<u32>(h, h >> 2u, h >> 4u, h >> 6u) & vec4<u32>(3u)) << vec4<u32>(4u));
  let b6 = b + vec4<f32>((vec4<u32>(h >> 8u, h >> 10u, h >> 12u, h >> 14u) & vec4<u32>(3u)) << vec4<u32>(4u));
  let s = c >> 1u;
  let d = unpack2x16float(scales[at]).x * f32(unpack4xI8(scales[at + 1u + (s >> 2u)])[s & 3u]);
  return mat2x4<f32>((a6 - vec4<f32>(32.0)) * d, (b6 - vec4<f32>(32.0)) * d);`,
    pack: packSixBits,
  },
];

function packHalves(bytes: DataView, from: number, blocks: number, quants: Uint32Array): void {
  const pairs = blocks >> 1;
  if (!copyWords(bytes, from, pairs, quants))
    for (let i = 0; i < pairs; i++) quants[i] = bytes.getUint32(from + i * 4, true);
  if (blocks & 1) quants[pairs] = bytes.getUint16(from + pairs * 4, true);
}

/** 210 bytes: 128 of low nibbles, 64 of upper pairs of bits, 16 scales, d. A half of 128 columns is four runs of 32. */
function packSixBits(
  bytes: DataView,
  from: number,
  blocks: number,
  quants: Uint32Array,
  scales: Uint32Array,
): void {
  const q = new Uint8Array(256);
  for (let b = 0, at = from; b < blocks; b++, at += 210) {
    for (let part = 0; part < 2; part++) {
      for (let l = 0; l < 32; l++) {
        const h = bytes.getUint8(at + 128 + part * 32 + l);
        const x = bytes.getUint8(at + part * 64 + l);
        const y = bytes.getUint8(at + part * 64 + 32 + l);
        const to = part * 128 + l;
        q[to] = (x & 15) | ((h & 3) << 4);
        q[to + 32] = (y & 15) | ((h & 12) << 2);
        q[to + 64] = (x >> 4) | (h & 48);
        q[to + 96] = (y >> 4) | ((h & 192) >> 2);
      }
    }
    const s = b * 21;
    scales[s] = bytes.getUint16(at + 208, true);
    for (let i = 0; i < 4; i++) scales[s + 1 + i] = bytes.getUint32(at + 192 + i * 4, true);
    for (let j = 0; j < 32; j++) {
      let word = 0;
      let upper = 0;
      for (let i = 0; i < 8; i++) {
        const value = q[j * 8 + i];
        word |= (value & 15) << (i < 4 ? i * 8 : (i - 4) * 8 + 4);
        upper |= (value >> 4) << (2 * i);
      }
      quants[b * 32 + j] = word;
      scales[s + 5 + (j >> 1)] |= upper << (16 * (j & 1));
    }
  }
}

const kinds = new Map(list.map((kind) => [kind.name as string, kind]));

/** The kind that keeps `columns` of `dtype` as they are stored, or undefined: such a matrix becomes float32. */
export function kindOf(dtype: StoredDtype, columns: number): WeightKind | undefined {
  const found = kinds.get(dtype);
  return found !== undefined && columns % found.block === 0 ? found : undefined;
}

/** Float32, into which every type can be turned. */
export const floatKind = kinds.get('F32') as WeightKind;

/** Words of `quants` in a row. */
export const quantWords = (kind: WeightKind, columns: number): number => Math.ceil(columns / 8) * kind.words;

/** `load8` with its constants, for the matrix bound as `quants` and `scales`. */
export function load8Source(kind: WeightKind, columns: number): string {
  return `
const K8 = ${Math.ceil(columns / 8)}u;
const SW = ${kind.scaleWords(columns)}u;
fn load8(row: u32, j: u32) -> mat2x4<f32> {${kind.load8}
}`;
}
