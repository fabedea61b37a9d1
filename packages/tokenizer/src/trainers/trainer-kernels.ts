// The kernels that train, an instance for each training with a memory of its own.
import { instantiateKernels } from '../wasm-module.ts';
import * as built from './generated/trainer.ts';
import { kernelsFingerprint } from './kernels-fingerprint.ts';

/** What kernels/trainer.as.ts exports; addresses are bytes in `memory`, pages are of 64 KB. Room is made before anything changes: false, 0 or -1 say that there is none. */
export interface TrainerKernels {
  readonly memory: WebAssembly.Memory;
  begin(greatestBytes: boolean, pages: number): void;
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

/** The kernels on a memory of their own, or undefined where WebAssembly cannot be had. */
export const trainerKernels = (): TrainerKernels | undefined =>
  instantiateKernels(built, kernelsFingerprint, {})?.exports as unknown as TrainerKernels | undefined;
