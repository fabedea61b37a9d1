// Clipping by the global norm (Pascanu et al. 2013) with PyTorch's 1e-6, and the guard that goes with it: a gradient that is not finite has a name.
import * as tf from '@tensorflow/tfjs-core';

/** Thrown when a loss or gradient is NaN or infinite; `tensor` names the first one. */
export class NonFiniteError extends Error {
  override readonly name = 'NonFiniteError';
  readonly tensor: string;
  constructor(tensor: string, what: string) {
    super(`${tensor}: expected finite values, got ${what}`);
    this.tensor = tensor;
  }
}

/** sqrt(sum over all tensors of g^2), the tensors' sums added in float64; throws a {@link NonFiniteError} naming the first bad one. */
export async function globalNorm(gradients: ReadonlyMap<string, tf.Tensor>): Promise<number> {
  if (gradients.size === 0) return 0;
  const squares = tf.tidy(() => tf.stack([...gradients.values()].map((g) => tf.sum(tf.square(g)))));
  const values = await squares.data();
  squares.dispose();
  let sum = 0;
  let index = 0;
  for (const name of gradients.keys()) {
    const value = values[index++];
    if (!Number.isFinite(value))
      throw new NonFiniteError(`gradient of ${name}`, `squares adding up to ${value}`);
    sum += value;
  }
  return Math.sqrt(sum);
}

/** min(1, maxNorm / (norm + 1e-6)): the factor on every gradient. */
export function clipFactor(norm: number, maxNorm: number): number {
  if (!(maxNorm > 0)) throw new RangeError(`maxNorm: expected > 0, got ${maxNorm}`);
  return Math.min(1, maxNorm / (norm + 1e-6));
}

/** The gradients times {@link clipFactor}, and their norm before. Consumes the gradients. */
export async function clipByGlobalNorm(
  gradients: ReadonlyMap<string, tf.Tensor>,
  maxNorm: number,
): Promise<{ readonly gradients: Map<string, tf.Tensor>; readonly norm: number }> {
  const norm = await globalNorm(gradients);
  const factor = clipFactor(norm, maxNorm);
  if (factor === 1) return { gradients: new Map(gradients), norm };
  const clipped = new Map<string, tf.Tensor>();
  for (const [name, g] of gradients) {
    clipped.set(name, tf.mul(g, factor));
    g.dispose();
  }
  return { gradients: clipped, norm };
}
