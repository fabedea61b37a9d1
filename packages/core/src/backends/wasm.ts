import type { BackendStarter } from './backend.ts';
import { loadPeer } from './peer.ts';

interface WasmPeer {
  setWasmPaths(path: string): void;
}

/** tfjs's WASM backend (XNNPACK). In Node one thread, in a cross-origin-isolated page as many as tfjs takes. */
export const wasm: BackendStarter = {
  async start({ peers, wasmPath }) {
    const name = '@tensorflow/tfjs-backend-wasm';
    const peer = await loadPeer<WasmPeer>(
      'wasm',
      name,
      peers?.['tfjs-backend-wasm'],
      () => import('@tensorflow/tfjs-backend-wasm'),
    );
    if (wasmPath !== undefined) peer.setWasmPaths(wasmPath);
    return { device: 'WASM (XNNPACK)' };
  },
};
