import type { BackendStarter } from './backend.ts';
import { BackendUnavailableError } from './errors.ts';

/** This package's own SIMD backend, behind the sub-path `@ashlar/core/simd`. */
export const simd: BackendStarter = {
  async start({ peers }) {
    const load = peers?.['@ashlar/core/simd'];
    if (load === undefined) {
      throw new BackendUnavailableError('simd', 'it is not part of this build yet', 'Use "wasm" or "cpu"');
    }
    await load();
    return { device: 'WASM SIMD' };
  },
};
