// The kernels that encode text, an instance for each engine with a memory of its own.
import { classesOfPage, type KernelSplit } from '../scanners/character-classes.ts';
import { instantiateKernels } from '../wasm-module.ts';
import * as built from './generated/engine.ts';
import { kernelsFingerprint } from './kernels-fingerprint.ts';

/** What the kernels export; numbers are addresses or unsigned. */
export interface EncodingKernels {
  readonly memory: WebAssembly.Memory;
  placeClasses(): number;
  setSplit(kind: number, digits: number, flag: number): void;
  scan(start: number, end: number, ends: number, most: number): number;
  allocate(bytes: number): number;
  reach(end: bigint): number;
  scratch(): number;
}

const KINDS = ['gpt2', 'cl100k', 'o200k'] as const;

/** Kernels for a split, or undefined where WebAssembly cannot be had. */
export function openEncodingKernels(split: KernelSplit): EncodingKernels | undefined {
  const instance = instantiateKernels(built, kernelsFingerprint, { env: { fillClasses } });
  if (instance === undefined) return undefined;
  const kernels = instance.exports as unknown as EncodingKernels;
  const classes = kernels.placeClasses();
  if (classes === 0) return undefined;
  fillClasses(0);
  function fillClasses(page: number): void {
    new Uint8Array(kernels.memory.buffer, classes + page * 256, 256).set(classesOfPage(page));
  }
  kernels.setSplit(KINDS.indexOf(split.kind), split.digits, split.flag ? 1 : 0);
  return kernels;
}
