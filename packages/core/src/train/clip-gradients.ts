// Clipping by the global norm (Pascanu et al. 2013) with PyTorch's 1e-6, and the guard that goes with it: a gradient that is not finite has a name.
import * as tf from '@tensorflow/tfjs-core';
import { hasKernel, runOwnKernel } from '../ops/own-kernel.ts';

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
  const squares = tf.tidy(() => squareSums([...gradients.values()]));
  const values = await squares.data();
  squares.dispose();
  return normOf([...gradients.keys()], values);
}

/** The sums of the tensors' squares, [n], still on the device; inside the caller's tidy. */
export function squareSums(tensors: readonly tf.Tensor[]): tf.Tensor1D {
  if (hasKernel('Ashlar/SquareSums') && tensors.every((t) => t.size > 0)) {
    const inputs = Object.fromEntries(tensors.map((t, i) => [String(i), t]));
    return runOwnKernel('Ashlar/SquareSums', inputs)[0] as tf.Tensor1D;
  }
  return tf.stack(tensors.map((g) => tf.sum(tf.square(g)))) as tf.Tensor1D;
}

/** sqrt of the sums added up in float64; throws a {@link NonFiniteError} naming the first that is not finite. */
export function normOf(names: readonly string[], sums: ArrayLike<number>): number {
  let total = 0;
  names.forEach((name, i) => {
    if (!Number.isFinite(sums[i]))
      throw new NonFiniteError(`gradient of ${name}`, `squares adding up to ${sums[i]}`);
    total += sums[i];
  });
  return Math.sqrt(total);
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
