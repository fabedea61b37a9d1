import type { BackendStarter } from './backend.ts';
import { loadPeer } from './peer.ts';

interface SimdEntry {
  registerSimdBackend(options?: { readonly threads?: number }): Promise<string>;
}

/** This package's own SIMD backend (the sub-path `@ashlar/core/simd`); its fallback kernels are tfjs-backend-cpu's. */
export const simd: BackendStarter = {
  async start({ peers, threads }) {
    const load = peers?.['@ashlar/core/simd'] ?? (() => import('../simd.ts'));
    const entry = await loadPeer<SimdEntry>('simd', '@tensorflow/tfjs-backend-cpu', load, load);
    return { device: await entry.registerSimdBackend(threads === undefined ? {} : { threads }) };
  },
};
