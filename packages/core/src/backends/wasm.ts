import type { BackendStarter } from './backend.ts';
import { asError, loadPeer } from './peer.ts';

interface WasmPeer {
  setWasmPaths(path: string): void;
}

/** tfjs's WASM backend (XNNPACK). In Node one thread, in a cross-origin-isolated page as many as tfjs takes. */
export const wasm: BackendStarter = {
  async start({ peers, wasmPath }) {
    const name = '@tensorflow/tfjs-backend-wasm';
    const peer = await loadPeer<WasmPeer>('wasm', name, peers?.['tfjs-backend-wasm'], loadPackage);
    if (wasmPath !== undefined) peer.setWasmPaths(wasmPath);
    return { device: 'WASM (XNNPACK)' };
  },
};

async function loadPackage(): Promise<unknown> {
  try {
    return await import('@tensorflow/tfjs-backend-wasm');
  } catch (error) {
    throw asError(error);
  }
}
