import type { BackendStarter } from './backend.ts';
import { BackendUnavailableError } from './errors.ts';
import { asError, inNode, loadPeer } from './peer.ts';

/** tfjs's WebGL backend: browsers without WebGPU. Never taken by `auto` when it would lose precision silently: half-float devices are refused. */
export const webgl: BackendStarter = {
  async start({ peers }) {
    if (inNode())
      throw new BackendUnavailableError(
        'webgl',
        'there is no WebGL in Node',
        'Use "webgpu", "wasm" or "tensorflow"',
      );
    await loadPeer('webgl', '@tensorflow/tfjs-backend-webgl', peers?.['tfjs-backend-webgl'], loadPackage);
    const { env } = await import('@tensorflow/tfjs-core');
    const half = env().getBool('WEBGL_RENDER_FLOAT32_ENABLED') === false;
    return { device: 'WebGL', ...(half ? { reservation: 'the device computes in half floats only' } : {}) };
  },
};

async function loadPackage(): Promise<unknown> {
  try {
    return await import('@tensorflow/tfjs-backend-webgl');
  } catch (error) {
    throw asError(error);
  }
}
