// Kernels that cut text: an instance with a memory of its own, its table of character classes filled page by page, told which split it has.
import { type BuiltKernels, instantiateKernels } from '../wasm-module.ts';
import { classesOfPage, type KernelSplit } from './character-classes.ts';

/** What all kernels with splits export. */
export interface SplitKernels {
  readonly memory: WebAssembly.Memory;
  placeClasses(): number;
  setSplit(kind: number, digits: number, flag: number): void;
}

const KINDS = ['gpt2', 'cl100k', 'o200k'] as const;

/** A new instance of built kernels that cuts so, or undefined where it cannot be had. */
export function openSplit<T extends SplitKernels>(
  built: BuiltKernels,
  fingerprint: string,
  { kind, digits, flag }: KernelSplit,
): T | undefined {
  const instance = instantiateKernels(built, fingerprint, { env: { fillClasses } });
  if (instance === undefined) return undefined;
  const kernels = instance.exports as unknown as T;
  const classes = kernels.placeClasses();
  if (classes === 0) return undefined;
  fillClasses(0);
  function fillClasses(page: number): void {
    new Uint8Array(kernels.memory.buffer, classes + page * 256, 256).set(classesOfPage(page));
  }
  kernels.setSplit(KINDS.indexOf(kind), digits, flag ? 1 : 0);
  return kernels;
}
