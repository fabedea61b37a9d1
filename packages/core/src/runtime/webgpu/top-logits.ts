// The largest logits of rows on the device: rounds of the kernel, what is read back of them, and what that says. A few KB a row instead of the row.
import type { TopLogits } from '../../generate/language-model.ts';
import type { DeviceMemory } from './device-memory.ts';
import type { Dispatch, KernelCache } from './kernel.ts';
import {
  floatOfKey,
  leftOf,
  lowestKey,
  runLength,
  runWords,
  type TopRound,
  topKernel,
} from './kernels/top.ts';

/** Pairs of a row below which another round costs more than it saves in reading. */
const fewPairs = 512;
/** How many are kept of a run: few values, so that few passes are recorded. */
const counts = [1, 48, 160, 512];

/** The most of a row that are found on the device. */
export const mostTop = counts[counts.length - 1];
/** How many are looked for where `wanted` are wanted. */
export const topClass = (wanted: number): number => counts.find((count) => count >= wanted) ?? mostTop;

/** Finds the largest logits of up to `rows` rows of `size`. */
export interface TopFinder {
  /** Makes room; what was recorded before is stale when `version` has changed. */
  prepare(rows: number, count: number): void;
  /** The dispatches for `count` logits (one of `topClass`) of `rows` rows. */
  dispatches(rows: number, count: number, logits: GPUBuffer, pass: GPUBuffer): readonly Dispatch[];
  /** Bytes that are read back of them. */
  bytes(rows: number, count: number): number;
  /** Copies them to the beginning of `to`. */
  copy(encoder: GPUCommandEncoder, rows: number, count: number, to: GPUBuffer): void;
  /** What they say of row `row`: its `wanted` largest; undefined where there is a NaN. */
  read(words: Uint32Array, row: number, rows: number, count: number, wanted: number): TopLogits | undefined;
  /** Changes when buffers were replaced. */
  readonly version: number;
}

/** A finder with buffers in `memory`. */
export function createTopFinder(memory: DeviceMemory, cache: KernelCache, size: number): TopFinder {
  const idBits = Math.max(1, 32 - Math.clz32(size - 1));
  const runs = Math.ceil(size / runLength);
  const rounds = (count: number): TopRound[] => {
    const list: TopRound[] = [{ from: 'logits', length: size, count, idBits }];
    for (;;) {
      const length = leftOf(list[list.length - 1]);
      if (length <= Math.max(fewPairs, count)) return list;
      list.push({ from: 'pairs', length, count, idBits });
    }
  };
  const known = new Map<number, readonly TopRound[]>();
  const roundsOf = (count: number) => {
    const list = known.get(count) ?? rounds(count);
    known.set(count, list);
    return list;
  };
  const left = (count: number) => leftOf(roundsOf(count)[roundsOf(count).length - 1]);
  let version = 0;
  const buffers = new Map<string, GPUBuffer>();
  const buffer = (name: string, bytes: number): GPUBuffer => {
    const old = buffers.get(name);
    if (old !== undefined && old.size >= bytes) return old;
    memory.free(old);
    version++;
    const made = memory.storage(bytes, name);
    buffers.set(name, made);
    return made;
  };
  /** Rounds write into two buffers in turns. */
  const pairs = (rows: number, count: number) => {
    const bytes = [8, 8];
    for (const [i, round] of roundsOf(count).entries())
      bytes[i & 1] = Math.max(bytes[i & 1], rows * leftOf(round) * 8);
    return bytes.map((most, i) => buffer(`top ${i}`, most));
  };
  const runBytes = (rows: number) => rows * runs * runWords * 4;

  return {
    get version() {
      return version;
    },
    prepare(rows, count) {
      pairs(rows, count);
      buffer('top runs', runBytes(rows));
    },
    dispatches(rows, count, logits, pass) {
      const turns = pairs(rows, count);
      const said = buffer('top runs', runBytes(rows));
      return roundsOf(count).map((round, i) =>
        cache.dispatch(
          topKernel(round, cache.subgroups),
          pass,
          i === 0 ? [logits, turns[0], said] : [turns[(i - 1) & 1], turns[i & 1]],
          [Math.ceil(round.length / runLength), rows],
        ),
      );
    },
    bytes: (rows, count) => rows * left(count) * 8 + runBytes(rows),
    copy(encoder, rows, count, to) {
      const turns = pairs(rows, count);
      const bytes = rows * left(count) * 8;
      encoder.copyBufferToBuffer(turns[(roundsOf(count).length - 1) & 1], 0, to, 0, bytes);
      encoder.copyBufferToBuffer(buffer('top runs', runBytes(rows)), 0, to, bytes, runBytes(rows));
    },
    read(words, row, rows, count, wanted) {
      const logSumExp = normaliser(words, (rows * left(count) * 2 + row * runs * runWords) | 0, runs);
      if (Number.isNaN(logSumExp)) return undefined;
      const found: [key: number, id: number][] = [];
      const from = row * left(count) * 2;
      for (let at = from; at < from + left(count) * 2; at += 2)
        if (words[at] > 0) found.push([words[at], words[at + 1]]);
      found.sort((a, b) => b[0] - a[0] || a[1] - b[1]);
      const best = found.slice(0, wanted);
      return {
        ids: Int32Array.from(best, ([, id]) => id),
        logits: Float32Array.from(best, ([key]) => floatOfKey(key)),
        logSumExp,
      };
    },
  };
}

/** ln sum exp of a row from what was said of its runs, in float64; NaN where one has a NaN. */
function normaliser(words: Uint32Array, from: number, runs: number): number {
  const sums = new Float32Array(words.buffer, words.byteOffset, words.length);
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < runs; i++) {
    const at = from + i * runWords;
    if (words[at + 2] !== 0) return Number.NaN;
    if (words[at] > lowestKey) high = Math.max(high, floatOfKey(words[at]));
  }
  if (!Number.isFinite(high)) return high;
  let sum = 0;
  for (let i = 0; i < runs; i++) {
    const at = from + i * runWords;
    if (words[at] > lowestKey) sum += sums[at + 1] * Math.exp(floatOfKey(words[at]) - high);
  }
  // The largest itself counts 1, whatever the device makes of exp(0): no probability is above 1.
  return high + Math.log(Math.max(1, sum));
}
