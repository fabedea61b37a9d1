// Exponential moving average of parameters (Polyak and Juditsky 1992): a smoother model for evaluation than the last step's.
import * as tf from '@tensorflow/tfjs-core';

/** average <- decay average + (1 - decay) parameters, or copies of the parameters when there is no average yet. Consumes the average. */
export function updateAverage(
  average: ReadonlyMap<string, tf.Tensor> | undefined,
  parameters: ReadonlyMap<string, tf.Tensor>,
  decay: number,
): Map<string, tf.Tensor> {
  if (!(decay >= 0 && decay < 1)) throw new RangeError(`decay: expected 0 <= decay < 1, got ${decay}`);
  const next = new Map<string, tf.Tensor>();
  for (const [name, p] of parameters) {
    const old = average?.get(name);
    const value =
      old === undefined ? tf.clone(p) : tf.tidy(() => tf.add(tf.mul(old, decay), tf.mul(p, 1 - decay)));
    next.set(name, tf.keep(value));
    old?.dispose();
  }
  return next;
}
