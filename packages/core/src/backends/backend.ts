/** The backends that `chooseBackend` knows, in the order in which `auto` tries them. */
export const backendNames = ['tensorflow', 'webgpu', 'simd', 'webgl', 'wasm', 'cpu'] as const;

/** A backend by name; `tensorflow` is tfjs-node-gpu or tfjs-node, `simd` is this package's own WASM backend. */
export type BackendName = (typeof backendNames)[number];

/** What `chooseBackend` answers. */
export interface ChosenBackend {
  /** The name, the same as tfjs's `getBackend()`. */
  readonly name: BackendName;
  /** For people: the device or library found, such as `tfjs-node-gpu 4.22.0 (CPU)` or `llvmpipe (software)`. */
  readonly device: string;
  /** With `auto`: each backend that was passed over and why; empty when a name was given. */
  readonly passedOver: readonly string[];
  /** Throws the typed error of anything that went wrong on the device since the last call; cheap. */
  check(): void;
}

/** How to reach an optional peer when it does not resolve from this package (bundlers, unusual layouts, tests). */
export type PeerLoader = () => Promise<unknown>;

/** Options of `chooseBackend`. */
export interface BackendOptions {
  /** Loaders for optional peers; each is tried instead of a plain `import()`. */
  readonly peers?: {
    readonly 'tfjs-node-gpu'?: PeerLoader;
    readonly 'tfjs-node'?: PeerLoader;
    readonly webgpu?: PeerLoader;
    readonly 'tfjs-backend-webgpu'?: PeerLoader;
    readonly 'tfjs-backend-wasm'?: PeerLoader;
    readonly 'tfjs-backend-webgl'?: PeerLoader;
    readonly 'tfjs-backend-cpu'?: PeerLoader;
    readonly '@ashlar/core/simd'?: PeerLoader;
  };
  /** Where the browser finds tfjs's own .wasm files (a folder URL ending in `/`); Node finds them itself. */
  readonly wasmPath?: string;
  /** Flags for Dawn in Node, such as `backend=null`. */
  readonly dawnFlags?: readonly string[];
  /** Take a software GPU adapter (SwiftShader) under `auto` too; it is slower than WASM. Default false. */
  readonly allowSoftwareGpu?: boolean;
  /** Threads of the `simd` backend where that is taken and does not run yet; default: as many as there are cores, at most 8. */
  readonly threads?: number;
}

/** One backend's way of starting: resolves to what runs, throws BackendUnavailableError when it cannot. */
export interface BackendStarter {
  start(options: BackendOptions): Promise<StartedBackend>;
}

/** A started backend as its own file sees it. */
export interface StartedBackend {
  readonly device: string;
  /** Why `auto` should prefer another backend (a software adapter, a TensorFlow without GPU); a name given by the caller takes it all the same. */
  readonly reservation?: string;
  readonly check?: () => void;
}
