// The kernels that train, an instance for each training with a memory of its own.
import { instantiateKernels } from '../wasm-module.ts';
import * as built from './generated/trainer.ts';
import { kernelsFingerprint } from './kernels-fingerprint.ts';

/** What kernels/trainer.as.ts exports; addresses are bytes in `memory`. Room is made before anything changes: false, 0 or -1 say that there is none. */
export interface TrainerKernels {
  begin(greatestBytes: boolean): void;
  textRoom(bytes: number): number;
  tokenRoom(bytes: number): number;
  beginTexts(prefix: number): void;
  addToken(bytes: number, symbols: number): number;
  byteSymbols(): number;
  layOutRoom(pieces: number, places: number): number;
  staging(bytes: number): number;
  layOutBytes(from: number, start: number, ends: number, counts: number, pieces: number): number;
  layOutSymbols(from: number, start: number, ends: number, counts: number, pieces: number): number;
  indexPairs(): number;
  merge(left: number, right: number, longest: number): number;
  seek(least: number): number;
  step(most: number, least: number, vocabSize: number, longest: number): number;
  upcoming(): number;
  merges(): number;
}

const PAGES = 8; // that the kernels begin with, as scripts/build-kernels.mjs says

/** The kernels on a memory of their own of at most so many pages (64 KB), or undefined where WebAssembly cannot be had. */
export function trainerKernels(
  maximum = 65536,
): { readonly memory: WebAssembly.Memory; readonly kernels: TrainerKernels } | undefined {
  let memory: WebAssembly.Memory;
  try {
    memory = new WebAssembly.Memory({ initial: PAGES, maximum });
  } catch {
    return undefined; // no WebAssembly, or no room for its addresses
  }
  const instance = instantiateKernels(built, kernelsFingerprint, { env: { memory } });
  return instance && { memory, kernels: instance.exports as unknown as TrainerKernels };
}
