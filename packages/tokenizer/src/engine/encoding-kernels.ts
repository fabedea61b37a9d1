// The kernels that encode text, an instance for each engine with a memory of its own.
import type { KernelSplit } from '../scanners/character-classes.ts';
import { openSplit, type SplitKernels } from '../scanners/split-kernels.ts';
import { DEFAULT_CACHE_BYTES, type EngineRules } from './byte-pair-engine.ts';
import * as built from './generated/engine.ts';
import { kernelsFingerprint } from './kernels-fingerprint.ts';

/** What the kernels export; all numbers are unsigned, most of them addresses, of which 0 says that there was no memory. */
export interface EncodingKernels extends SplitKernels {
  allocate(bytes: number): number;
  openPieces(tokens: number, offsets: number, count: number, whole: number, budget: number): number;
  openPairs(byteIds: number, packed: number, bits: number, results: number): number;
  scan(start: number, end: number, ends: number, most: number): number;
  /** -1 when memory has run out. */
  encode(start: number, end: number, out: number): number;
  count(start: number, end: number, out: number, limit: number): number;
}

const MOST_IDS = (1 << 21) - 2; // pairs and their ranks are packed
const LONGEST = 0xffff; // bytes of a token

/** Kernels for a split alone, or undefined where WebAssembly cannot be had. */
export const openSplitKernels = (split: KernelSplit): EncodingKernels | undefined =>
  openSplit(built, kernelsFingerprint, split);

/** Kernels for a split and an engine's rules, or undefined where they cannot be had or the rules are none that they know. */
export function openEncodingKernels(split: KernelSplit, rules: EngineRules): EncodingKernels | undefined {
  const { table, pairs, rankOf, byteFallback, wholePieces, cacheBytes = DEFAULT_CACHE_BYTES } = rules;
  if (rankOf !== undefined || byteFallback !== undefined || (pairs === undefined && !wholePieces))
    return undefined;
  if (table.size > MOST_IDS || table.longest > LONGEST || table.byteId.includes(-1)) return undefined;
  const ranks = pairs?.ranks ?? 0;
  if (ranks > MOST_IDS) return undefined;
  const kernels = openSplitKernels(split);
  if (kernels === undefined) return undefined;
  const { size } = table;
  const tokens = put(kernels, table.bytes.subarray(0, table.offsets[size]));
  const offsets = put(kernels, table.offsets);
  const byteIds = put(kernels, table.byteId);
  if (tokens === 0 || offsets === 0 || byteIds === 0) return undefined;
  const budget = Math.min(cacheBytes, 0x7fffffff);
  if (kernels.openPieces(tokens, offsets, size, wholePieces ? 1 : 0, budget) === 0) return undefined;
  if (pairs === undefined) return kernels.openPairs(byteIds, 0, 0, 0) === 0 ? undefined : kernels;
  const bits = pairs.bitsOfSlots;
  const packed = kernels.allocate(8 << bits);
  const results = kernels.allocate(4 * ranks);
  if (packed === 0 || results === 0) return undefined;
  const { buffer } = kernels.memory;
  if (!pairs.pack(new Int32Array(buffer, packed, 2 << bits), new Int32Array(buffer, results, ranks)))
    return undefined;
  return kernels.openPairs(byteIds, packed, bits, results) === 0 ? undefined : kernels;
}

/** Copies an array into the kernels' memory; returns where it is, or 0. */
function put(kernels: EncodingKernels, array: Uint8Array | Int32Array): number {
  const at = kernels.allocate(array.byteLength);
  if (at !== 0)
    new Uint8Array(kernels.memory.buffer, at, array.byteLength).set(
      new Uint8Array(array.buffer, array.byteOffset, array.byteLength),
    );
  return at;
}
