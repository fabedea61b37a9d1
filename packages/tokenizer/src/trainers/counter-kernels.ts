// Cutting and counting in WebAssembly (kernels/counter.as.ts): texts go in as UTF-8, and all counts come out at the end.
import type { KernelSplit } from '../scanners/character-classes.ts';
import { openSplit, type SplitKernels } from '../scanners/split-kernels.ts';
import * as built from './generated/counter.ts';
import { kernelsFingerprint } from './kernels-fingerprint.ts';
import type { PieceContents } from './piece-counts.ts';

interface CounterKernels extends SplitKernels {
  begin(most: number, pages: number): number;
  textRoom(bytes: number): number;
  count(start: number, end: number, lines: number, most: number): number;
  pieceCount(): number;
  bytesAt(): number;
  offsetsAt(): number;
  countsAt(): number;
}

/** Counts in a memory of its own. */
export interface KernelCounter {
  /** Counts a text; false, and nothing is counted, when there is no room for it. */
  add(text: string): boolean;
  /** Counts well-formed UTF-8, every line with its end a text. */
  addLines(bytes: Uint8Array): boolean;
  /** Gives what has been counted away (a view, to be read before anything else is counted) and begins anew. */
  drain(): void;
}

const PADDING = 64;
const TURN = 1 << 12; // pieces of a call: engines compile a function better between its calls
const SHORT = 64;

/** A counter that drains into `take`, or undefined where WebAssembly cannot be had. `longest`: bytes of a piece, longer ones are counted in parts. */
export function kernelCounter(
  split: KernelSplit,
  longest: number,
  take: (contents: PieceContents) => void,
  pages = 65536,
): KernelCounter | undefined {
  const kernels = openSplit<CounterKernels>(built, kernelsFingerprint, split);
  if (kernels === undefined) return undefined;
  const { memory } = kernels;
  const begin = () => kernels.begin(Math.min(longest, 0x7fffffff), pages) !== 0;
  if (!begin()) return undefined;
  let all = new Uint8Array(memory.buffer);
  /** Where a text of at most so many bytes goes, or 0. */
  const textRoom = (bytes: number): number => {
    if (bytes + PADDING > 0x7fffffff) return 0;
    let at = kernels.textRoom(bytes);
    if (at === 0 && kernels.pieceCount() > 0) {
      drain();
      at = kernels.textRoom(bytes);
    }
    if (all.buffer !== memory.buffer) all = new Uint8Array(memory.buffer);
    return at;
  };
  const drain = (): void => {
    const size = kernels.pieceCount();
    if (size > 0) {
      const offsets = new Int32Array(memory.buffer, kernels.offsetsAt(), size + 1);
      const bytes = new Uint8Array(memory.buffer, kernels.bytesAt(), offsets[size]);
      take({ size, bytes, offsets, counts: new Float64Array(memory.buffer, kernels.countsAt(), size) });
    }
    if (!begin()) throw new RangeError('countPieces: no memory left to begin anew');
  };
  const count = (start: number, end: number, lines: 0 | 1): boolean => {
    all.fill(0, end, end + PADDING);
    for (let at = start; at < end; ) {
      const next = kernels.count(at, end, lines, TURN);
      if (next === at) {
        // Memory is full. What is left of the text stays where it is, and goes on behind what has been taken.
        if (kernels.pieceCount() === 0) throw new RangeError('countPieces: no memory for a piece');
        const rest = new Uint8Array(memory.buffer).slice(at, end);
        drain();
        if (!write(rest, lines)) throw new RangeError('countPieces: no memory for the rest of a text');
        return true;
      }
      at = next;
    }
    return true;
  };
  const write = (bytes: Uint8Array, lines: 0 | 1): boolean => {
    const at = textRoom(bytes.length);
    if (at === 0) return false;
    all.set(bytes, at);
    return count(at, at + bytes.length, lines);
  };
  const encoder = new TextEncoder();
  return {
    add: (text) => {
      const { length } = text;
      const at = textRoom(length * 3);
      if (at === 0) return false;
      let end = at;
      // A call into the encoder costs more than a short ASCII text.
      if (length <= SHORT)
        for (let i = 0; i < length; i++) {
          const code = text.charCodeAt(i);
          if (code >= 0x80) break;
          all[end++] = code;
        }
      if (end - at < length) end = at + encoder.encodeInto(text, all.subarray(at)).written;
      return count(at, end, 0);
    },
    addLines: (bytes) => write(bytes, 1),
    drain,
  };
}
