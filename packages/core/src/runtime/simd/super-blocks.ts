// The whole numbers of ggml's blocks of 256: values, and a signed scale and a minimum for each 16 columns, such that w = d s q - dmin m. What dequantises
// them (weights/quantization/blocks) multiplies at once; the kernels multiply the integers first and the scales afterwards.
import { groupMinimum, groupScale } from '../../weights/quantization/blocks/six-bit-scales.ts';
import { unevenValues } from '../../weights/quantization/blocks/uneven-values.ts';

/** One type of super-block. */
export interface SuperBlock {
  readonly bytes: number;
  /** Where its binary16 d and dmin lie; without dmin there are no minima. */
  readonly d: number;
  readonly dmin?: number;
  /** Fills the 256 values and, for each 16 of them, scale and minimum (which are zero before). */
  read(bytes: Uint8Array, at: number, q: Int8Array, scales: Int8Array, minima: Uint8Array): void;
}

const sixBit = (bytes: Uint8Array, at: number, scales: Int8Array, minima: Uint8Array) => {
  for (let group = 0; group < 8; group++) {
    scales[2 * group] = scales[2 * group + 1] = groupScale(bytes, at, group);
    minima[2 * group] = minima[2 * group + 1] = groupMinimum(bytes, at, group);
  }
};

/** By the type's name. */
export const superBlocks: Readonly<Record<string, SuperBlock>> = {
  Q2_K: {
    bytes: 84,
    d: 80,
    dmin: 82,
    read(bytes, at, q, scales, minima) {
      for (let group = 0; group < 16; group++) {
        scales[group] = bytes[at + group] & 15;
        minima[group] = bytes[at + group] >> 4;
        const from = at + 16 + (group >> 3) * 32 + (group & 1) * 16;
        for (let l = 0; l < 16; l++) q[group * 16 + l] = (bytes[from + l] >> (group & 6)) & 3;
      }
    },
  },
  Q3_K: {
    bytes: 110,
    d: 108,
    read(bytes, at, q, scales) {
      for (let group = 0; group < 16; group++) {
        const low = group < 8 ? bytes[at + 96 + group] & 15 : bytes[at + 88 + group] >> 4;
        const high = (bytes[at + 104 + (group & 3)] >> (2 * (group >> 2))) & 3;
        scales[group] = (low | (high << 4)) - 32;
        const from = at + 32 + (group >> 3) * 32 + (group & 1) * 16;
        const third = at + (group & 1) * 16;
        const bit = 1 << (group >> 1);
        for (let l = 0; l < 16; l++) {
          q[group * 16 + l] = ((bytes[from + l] >> (group & 6)) & 3) - (bytes[third + l] & bit ? 0 : 4);
        }
      }
    },
  },
  Q4_K: {
    bytes: 144,
    d: 0,
    dmin: 2,
    read(bytes, at, q, scales, minima) {
      sixBit(bytes, at + 4, scales, minima);
      for (let group = 0; group < 8; group += 2) {
        for (let l = 0; l < 32; l++) {
          const byte = bytes[at + 16 + group * 16 + l];
          q[group * 32 + l] = byte & 15;
          q[group * 32 + 32 + l] = byte >> 4;
        }
      }
    },
  },
  Q5_K: {
    bytes: 176,
    d: 0,
    dmin: 2,
    read(bytes, at, q, scales, minima) {
      sixBit(bytes, at + 4, scales, minima);
      for (let group = 0; group < 8; group += 2) {
        for (let l = 0; l < 32; l++) {
          const byte = bytes[at + 48 + group * 16 + l];
          const fifth = bytes[at + 16 + l] >> group;
          q[group * 32 + l] = (byte & 15) | ((fifth & 1) << 4);
          q[group * 32 + 32 + l] = (byte >> 4) | ((fifth & 2) << 3);
        }
      }
    },
  },
  Q6_K: {
    bytes: 210,
    d: 208,
    read(bytes, at, q, scales) {
      for (let group = 0; group < 16; group++) scales[group] = bytes[at + 192 + group];
      for (let part = 0; part < 2; part++) {
        const first = part * 128;
        for (let l = 0; l < 32; l++) {
          const a = bytes[at + part * 64 + l];
          const b = bytes[at + part * 64 + 32 + l];
          const h = bytes[at + 128 + part * 32 + l];
          q[first + l] = ((a & 15) | ((h & 3) << 4)) - 32;
          q[first + 32 + l] = ((b & 15) | ((h & 12) << 2)) - 32;
          q[first + 64 + l] = ((a >> 4) | (h & 48)) - 32;
          q[first + 96 + l] = ((b >> 4) | ((h & 192) >> 2)) - 32;
        }
      }
    },
  },
  IQ4_XS: {
    bytes: 136,
    d: 0,
    read(bytes, at, q, scales) {
      const high = bytes[at + 2] | (bytes[at + 3] << 8);
      for (let group = 0; group < 8; group++) {
        const low = (bytes[at + 4 + (group >> 1)] >> (4 * (group & 1))) & 15;
        scales[2 * group] = scales[2 * group + 1] = (low | (((high >> (2 * group)) & 3) << 4)) - 32;
        for (let j = 0; j < 16; j++) {
          const byte = bytes[at + 8 + group * 16 + j];
          q[group * 32 + j] = unevenValues[byte & 15];
          q[group * 32 + 16 + j] = unevenValues[byte >> 4];
        }
      }
    },
  },
  TQ1_0: {
    bytes: 54,
    d: 52,
    read(bytes, at, q, scales) {
      scales.fill(1);
      let to = 0;
      for (const [from, count, digits] of [
        [0, 32, 5],
        [32, 16, 5],
        [48, 4, 4],
      ] as const) {
        for (let n = 0, power = 1; n < digits; n++, power *= 3)
          for (let m = 0; m < count; m++) q[to++] = ((((bytes[at + from + m] * power) & 255) * 3) >> 8) - 1;
      }
    },
  },
  TQ2_0: {
    bytes: 66,
    d: 64,
    read(bytes, at, q, scales) {
      scales.fill(1);
      let to = 0;
      for (let from = at; from < at + 64; from += 32)
        for (let shift = 0; shift < 8; shift += 2)
          for (let m = 0; m < 32; m++) q[to++] = ((bytes[from + m] >> shift) & 3) - 1;
    },
  },
};
