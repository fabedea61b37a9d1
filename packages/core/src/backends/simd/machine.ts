// The SIMD machine: one module instance a thread over one shared memory (vm.as.ts says what a thread does). This file compiles the module, starts
// the workers and hands programs over. A worker knows nothing but the module and its number, so its source is a string: that loads the same way
// from TypeScript sources, from a bundle and in a page.
import { importInNode, inNode } from '../peer.ts';
import { Heap, heapBase } from './heap.ts';
import { kernelsFingerprint } from './kernels-fingerprint.ts';

interface Exports {
  run(program: number, end: number, threads: number): void;
  stop(): void;
  dotIsRight(x: number, w: number): number;
  allowWaiting(): void;
  dataEnd(): number;
}

/** Options of `startMachine`. */
export interface MachineOptions {
  /** Threads in all, the caller's included; default: the machine's cores, at most 8 (1 where memory cannot be shared). */
  readonly threads?: number;
  /** Use relaxed SIMD where it exists (default true); without it results do not depend on the CPU. */
  readonly relaxed?: boolean;
}

/** A running machine. */
export interface Machine {
  readonly heap: Heap;
  readonly threads: number;
  readonly relaxed: boolean;
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
  const { module, exports, relaxed } = await compileKernels(memory, options.relaxed ?? true);
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

async function compileKernels(
  memory: WebAssembly.Memory,
  wanted: boolean,
): Promise<{ module: WebAssembly.Module; exports: Exports; relaxed: boolean }> {
  const relaxed = wanted && (await allowRelaxedSimd());
  const built = relaxed ? await import('./generated/relaxed.ts') : await import('./generated/plain.ts');
  checkFingerprint(built.sources);
  const module = await optimized(async () => WebAssembly.compile(await unpack(built.binary)));
  const exports = (await WebAssembly.instantiate(module, { env: { memory } })).exports as unknown as Exports;
  if (exports.dataEnd() > heapBase)
    throw new Error(`simd kernels: expected their data to end at ${heapBase}, got ${exports.dataEnd()}`);
  const right = [
    [-127, 15],
    [127, 15],
    [-1, 127],
    [-128, 1],
  ].every(([x, w]) => exports.dotIsRight(x, w) === 1);
  return right ? { module, exports, relaxed } : compileKernels(memory, false);
}

/** Kernels of other sources than this code's would read programs and packed weights wrongly and compute nonsense. */
export function checkFingerprint(sources: string | undefined): void {
  if (sources === kernelsFingerprint) return;
  throw new Error(
    `simd kernels: expected a build of sources ${kernelsFingerprint}, got ${sources ?? 'an older form'}: run npm run setup (or node packages/core/scripts/build-kernels.mjs)`,
  );
}

// Node 20's baseline compiler reads the relaxed dot product's signed operand as unsigned (its optimising compiler does not), so the first calls would
// be wrong until a function is hot. In Node the kernels are compiled by the optimising compiler at once; elsewhere the probe decides. V8 14 (Node 25 and 26)
// ends the process when it optimises without the baseline's feedback unless it may not deoptimise.
async function optimized<T>(compile: () => Promise<T>): Promise<T> {
  if (!inNode()) return compile();
  const { setFlagsFromString } = (await importInNode('node:v8')) as typeof import('node:v8');
  const deoptimises = Number.parseInt(process.versions.v8, 10) >= 14;
  setFlagsFromString('--no-liftoff');
  setFlagsFromString('--no-wasm-lazy-compilation');
  if (deoptimises) setFlagsFromString('--no-wasm-deopt');
  try {
    return await compile();
  } finally {
    setFlagsFromString('--liftoff');
    if (deoptimises) setFlagsFromString('--wasm-deopt');
  }
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

async function unpack(base64: string): Promise<ArrayBuffer> {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Response(stream).arrayBuffer();
}

// (module (func (result v128) i8x16.splat 1, i8x16.splat 2, i8x16.relaxed_swizzle)): valid only with relaxed SIMD.
const relaxedProbe = Uint8Array.of(
  0,
  97,
  115,
  109,
  1,
  0,
  0,
  0,
  1,
  5,
  1,
  96,
  0,
  1,
  123,
  3,
  2,
  1,
  0,
  10,
  15,
  1,
  13,
  0,
  65,
  1,
  253,
  15,
  65,
  2,
  253,
  15,
  253,
  128,
  2,
  11,
);

async function allowRelaxedSimd(): Promise<boolean> {
  if (WebAssembly.validate(relaxedProbe)) return true;
  if (!inNode()) return false;
  // Node 20 has it behind a flag, which counts for modules compiled from now on.
  const { setFlagsFromString } = (await importInNode('node:v8')) as typeof import('node:v8');
  setFlagsFromString('--experimental-wasm-relaxed-simd');
  return WebAssembly.validate(relaxedProbe);
}
