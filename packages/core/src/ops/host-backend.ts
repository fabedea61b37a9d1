// Whether the current tfjs backend keeps its tensors in this process's memory, so that reading one costs no round trip to a device. There, a loop over
// typed arrays beats a chain of generic kernels.
import * as tf from '@tensorflow/tfjs-core';

const host: ReadonlySet<string> = new Set(['cpu', 'wasm', 'simd']);

/** True on cpu, wasm and simd. */
export function isHostBackend(): boolean {
  return host.has(tf.getBackend());
}
