import { findBackend } from '@tensorflow/tfjs-core';
import type { BackendStarter } from './backend.ts';
import { asError, loadPeer } from './peer.ts';

/** tfjs's plain JavaScript kernels: always there, slow; the oracle of the others. */
export const cpu: BackendStarter = {
  async start({ peers }) {
    await loadPeer('cpu', '@tensorflow/tfjs-backend-cpu', peers?.['tfjs-backend-cpu'], loadPackage);
    // Its first tensor prints an advertisement for tfjs-node; whoever chose this backend through us has read about that.
    const backend = findBackend('cpu') as { firstUse?: boolean };
    if (backend.firstUse === true) backend.firstUse = false;
    return { device: 'JavaScript, one thread' };
  },
};

async function loadPackage(): Promise<unknown> {
  try {
    return await import('@tensorflow/tfjs-backend-cpu');
  } catch (error) {
    throw asError(error);
  }
}
