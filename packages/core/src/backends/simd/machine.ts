// The SIMD machine: one module instance a thread over one shared memory (vm.as.ts says what a thread does). This file starts
// the workers and hands programs over. A worker knows nothing but the module and its number, so its source is a string: that loads the same way
// from TypeScript sources, from a bundle and in a page.
import { importInNode, inNode } from '../peer.ts';
import { compileKernels, type VectorWidth } from './compile-kernels.ts';
import { Heap, heapBase } from './heap.ts';

/** Options of `startMachine`. */
export interface MachineOptions {
  /** Threads in all, the caller's included; default: the machine's cores, at most 8 (1 where memory cannot be shared). */
  readonly threads?: number;
  /** Use relaxed SIMD where it exists (default true); without it results do not depend on the CPU. */
  readonly relaxed?: boolean;
  /**
   * Bits of vectors. 256: V8 joins pairs of WebAssembly's vectors by a pass that it calls experimental (Node 24 and later on x64; refused elsewhere), which
   * makes products of prompts and batches 1.4 to 1.6 times as fast. Default 128.
   */
  readonly width?: 128 | 256;
}

/** A running machine. */
export interface Machine {
  readonly heap: Heap;
  readonly threads: number;
  readonly relaxed: boolean;
  readonly width: VectorWidth;
  /** Takes tiles of sixteen rows, whatever the width; what tests compare. */
  useWide(on: boolean): void;
  /** Runs a program of 32-bit words on `threads` threads (default all); returns when all are done. */
  run(words: readonly number[] | Int32Array, threads?: number): void;
  /** Runs the program that stands at [start, end) of the memory on all threads. */
  runAt(start: number, end: number): void;
  /** Ends the workers. */
  dispose(): void;
}

const maximumPages = 65536; // 4 GiB
const stopBytes = 16384;

const workerBody = `const go = async ({ module, memory, thread }) => {
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  post('ready');
  instance.exports.serve(thread);
};`;
const nodeWorker = `const { parentPort, workerData } = require('node:worker_threads');
const post = (m) => parentPort.postMessage(m);
${workerBody}
go(workerData);`;
const pageWorker = `const post = (m) => self.postMessage(m);
${workerBody}
self.onmessage = (e) => go(e.data);`;

/** Compiles the kernels and starts the worker threads. */
export async function startMachine(options: MachineOptions = {}): Promise<Machine> {
  // Compiling in the background does not keep Node (seen on 24) from ending when nothing else is under way.
  const awake = setInterval(() => {}, 1000);
  try {
    return await start(options);
  } finally {
    clearInterval(awake);
  }
}

async function start(options: MachineOptions): Promise<Machine> {
  const shared =
    typeof SharedArrayBuffer !== 'undefined' && (inNode() || globalThis.crossOriginIsolated === true);
  const threads = shared ? Math.max(1, options.threads ?? Math.min(8, await cores())) : 1;
  // A page without cross-origin isolation still may make a shared memory in WASM; only handing it to a worker is forbidden.
  const memory = new WebAssembly.Memory({ initial: 64, maximum: maximumPages, shared: true });
  const { module, exports, relaxed, width } = await compileKernels(memory, options);
  if (inNode() || typeof (globalThis as { document?: unknown }).document === 'undefined')
    exports.allowWaiting();
  const stopWorkers = await Promise.all(
    Array.from({ length: threads - 1 }, (_, n) => startWorker({ module, memory, thread: n + 1 })),
  );
  const heap = new Heap(memory, maximumPages);
  let words = heap.allocate(stopBytes);
  let capacity = stopBytes;
  return {
    heap,
    threads,
    relaxed,
    width,
    useWide: (on) => exports.useWide(on ? 1 : 0),
    run(program, count = threads) {
      const bytes = program.length * 4;
      if (bytes > capacity) {
        heap.free(words);
        capacity = bytes * 2;
        words = heap.allocate(capacity);
      }
      new Int32Array(memory.buffer, words, program.length).set(program);
      exports.run(words, words + bytes, count);
    },
    runAt(start, end) {
      if (start < heapBase || end < start)
        throw new RangeError(`program: expected ${heapBase} <= start <= end, got ${start}, ${end}`);
      exports.run(start, end, threads);
    },
    dispose() {
      if (threads > 1) exports.stop();
      for (const stop of stopWorkers) stop();
    },
  };
}

async function startWorker(data: {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  thread: number;
}): Promise<() => void> {
  if (inNode()) {
    const { Worker } = (await importInNode('node:worker_threads')) as typeof import('node:worker_threads');
    const worker = new Worker(nodeWorker, { eval: true, workerData: data });
    await new Promise<void>((resolve, reject) => {
      worker.once('message', () => resolve());
      worker.once('error', reject);
    });
    worker.unref();
    return () => void worker.terminate();
  }
  const url = URL.createObjectURL(new Blob([pageWorker], { type: 'text/javascript' }));
  const worker = new Worker(url);
  await new Promise<void>((resolve, reject) => {
    worker.onmessage = () => resolve();
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage(data);
  });
  URL.revokeObjectURL(url);
  return () => worker.terminate();
}

async function cores(): Promise<number> {
  if (!inNode()) return globalThis.navigator.hardwareConcurrency || 1;
  const { availableParallelism } = (await importInNode('node:os')) as typeof import('node:os');
  return availableParallelism();
}
