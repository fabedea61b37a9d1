// WebAssembly that ships inside the package as base64, compiled when it is first needed and at once: the binaries are small. Where there is no WebAssembly, or
// a page's policy forbids to compile it, there is none, and the callers have JavaScript beside it.

/** A built binary with the fingerprint of the sources that it was built of. */
export interface BuiltKernels {
  readonly sources: string;
  readonly binary: string;
}

const modules = new Map<string, WebAssembly.Module>();

/** An instance of its own, or undefined where it cannot be had. `fingerprint`: that of the sources which the calling code is written for. */
export function instantiateKernels(
  built: BuiltKernels,
  fingerprint: string,
  imports: WebAssembly.Imports,
): WebAssembly.Instance | undefined {
  if (built.sources !== fingerprint)
    throw new Error(
      `tokenizer kernels: expected a build of sources ${fingerprint}, got ${built.sources}: run npm run setup (or node packages/tokenizer/scripts/build-kernels.mjs)`,
    );
  if (typeof WebAssembly === 'undefined') return undefined;
  try {
    let module = modules.get(built.binary);
    if (module === undefined) {
      module = new WebAssembly.Module(Uint8Array.from(atob(built.binary), (char) => char.charCodeAt(0)));
      modules.set(built.binary, module);
    }
    return new WebAssembly.Instance(module, imports);
  } catch {
    return undefined; // no SIMD, no leave to compile, or no memory
  }
}
