// The kernels' WebAssembly for this engine: which of the builds it takes, and with which flags of V8 it is compiled.
import { importInNode, inNode } from '../peer.ts';
import { heapBase } from './heap.ts';
import { kernelsFingerprint } from './kernels-fingerprint.ts';

/** Bits of vectors. */
export type VectorWidth = 128 | 256;

/** What a thread's instance of the kernels offers (kernels/vm.as.ts). */
export interface KernelExports {
  run(program: number, end: number, threads: number): void;
  stop(): void;
  dotIsRight(x: number, w: number): number;
  useWide(on: number): void;
  allowWaiting(): void;
  dataEnd(): number;
}

/** The compiled module, and the caller's own instance of it. */
export interface CompiledKernels {
  readonly module: WebAssembly.Module;
  readonly exports: KernelExports;
  readonly relaxed: boolean;
  readonly width: VectorWidth;
}

/** Compiles the fastest build that the engine runs rightly and the options allow. */
export async function compileKernels(
  memory: WebAssembly.Memory,
  options: { readonly relaxed?: boolean; readonly width?: VectorWidth },
): Promise<CompiledKernels> {
  const width = options.width ?? 128;
  checkWidth(width, options.relaxed ?? true);
  const relaxed = (options.relaxed ?? true) && (await allowRelaxedSimd());
  const built = relaxed ? await import('./generated/relaxed.ts') : await import('./generated/plain.ts');
  checkFingerprint(built.sources);
  const module = await optimized(
    async () => WebAssembly.compile(await unpack(built.binary)),
    width === 256 ? ['experimental-wasm-revectorize'] : [],
  );
  const exports = (await WebAssembly.instantiate(module, { env: { memory } }))
    .exports as unknown as KernelExports;
  if (exports.dataEnd() > heapBase)
    throw new Error(`simd kernels: expected their data to end at ${heapBase}, got ${exports.dataEnd()}`);
  const right = [
    [-127, 15],
    [127, 15],
    [-1, 127],
    [-128, 1],
  ].every(([x, w]) => exports.dotIsRight(x, w) === 1);
  if (!right && width === 256) throw new Error('width: expected 128 here, got 256: products come out wrong');
  if (!right) return compileKernels(memory, { relaxed: false });
  exports.useWide(width === 256 ? 1 : 0);
  return { module, exports, relaxed, width };
}

/** True where V8 joins pairs of vectors well: 12.4 (Node 22) makes int8 products slower by it, 13.6 and 14.6 faster. */
export const joinsPairs = (): boolean =>
  inNode() && process.arch === 'x64' && Number.parseFloat(process.versions.v8) >= 13.6;

function checkWidth(width: number, relaxed: boolean): void {
  if (width !== 128 && width !== 256) throw new RangeError(`width: expected 128 or 256, got ${width}`);
  if (width === 256 && !relaxed) throw new TypeError('width: expected 128 without relaxed SIMD, got 256');
  if (width === 256 && !joinsPairs())
    throw new TypeError('width: expected 128 here, got 256, which takes Node 24 or later on x64');
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
async function optimized<T>(compile: () => Promise<T>, wanted: readonly string[]): Promise<T> {
  if (!inNode()) return compile();
  const { setFlagsFromString } = (await importInNode('node:v8')) as typeof import('node:v8');
  const unwanted = ['liftoff', ...(Number.parseInt(process.versions.v8, 10) >= 14 ? ['wasm-deopt'] : [])];
  setFlagsFromString('--no-wasm-lazy-compilation');
  for (const flag of unwanted) setFlagsFromString(`--no-${flag}`);
  for (const flag of wanted) setFlagsFromString(`--${flag}`);
  try {
    return await compile();
  } finally {
    for (const flag of unwanted) setFlagsFromString(`--${flag}`);
    for (const flag of wanted) setFlagsFromString(`--no-${flag}`);
  }
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
