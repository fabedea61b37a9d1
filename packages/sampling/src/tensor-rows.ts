// Rows of logits as a tensor [B, V]: what the tensor forms of several steps are made of. Removed tokens are -Infinity.
import * as tf from '@tensorflow/tfjs-core';
import type { Processor, StepContext } from './processor.ts';

export interface RowContext extends StepContext {
  /** What the row's copy of the step remembers. */
  readonly present: readonly number[];
}

export type Rows = readonly RowContext[];
export type Options = Readonly<Record<string, never>>;
export type Form = (l: tf.Tensor2D, options: Options, step: Processor, rows: Rows) => tf.Tensor2D;

export const none = -Infinity;
/** What counts as equal when masses are compared: as in the row's form. */
export const massTolerance = 2 ** -22;

export const cut = (keep: tf.Tensor, l: tf.Tensor): tf.Tensor2D =>
  tf.where(keep, l, tf.fill(l.shape, none)) as tf.Tensor2D;
export const maxOf = (l: tf.Tensor2D): tf.Tensor2D => tf.max(l, 1, true) as tf.Tensor2D;
export const sumOf = (x: tf.Tensor): tf.Tensor2D => tf.sum(x, 1, true) as tf.Tensor2D;
export const isOpen = (l: tf.Tensor): tf.Tensor => tf.greater(l, none);

/** ln p, with 0 where p = 0: what multiplies p in an entropy. */
export function logLaw(l: tf.Tensor2D): { p: tf.Tensor2D; safeLog: tf.Tensor2D } {
  const shifted = tf.sub(l, maxOf(l)) as tf.Tensor2D;
  const log = tf.sub(shifted, tf.log(sumOf(tf.exp(shifted)))) as tf.Tensor2D;
  return { p: tf.exp(log) as tf.Tensor2D, safeLog: tf.where(isOpen(l), log, tf.zerosLike(l)) as tf.Tensor2D };
}
export const entropyOf = ({ p, safeLog }: { p: tf.Tensor2D; safeLog: tf.Tensor2D }): tf.Tensor2D =>
  tf.neg(sumOf(tf.mul(p, safeLog))) as tf.Tensor2D;

/**
 * Keeps the `counts` [B, 1] first of each row by (key descending, id ascending); `sorted` are the keys in descending
 * order.
 */
export function keepCounts(
  l: tf.Tensor2D,
  keys: tf.Tensor2D,
  sorted: tf.Tensor2D,
  counts: tf.Tensor2D,
  ties: boolean,
): tf.Tensor2D {
  const [batch, width] = sorted.shape;
  const place = tf.tile(tf.reshape(tf.range(0, width, 1), [1, width]), [batch, 1]);
  const isLast = tf.equal(place, tf.sub(counts, 1));
  const least = tf.min(tf.where(isLast, sorted, tf.fill(sorted.shape, Infinity)), 1, true);
  if (ties) return cut(tf.greaterEqual(keys, least), l);
  const above = tf.greater(keys, least);
  const equal = tf.cast(tf.equal(keys, least), 'float32');
  const room = tf.sub(counts, sumOf(tf.cast(above, 'float32')));
  const first = tf.logicalAnd(tf.cast(equal, 'bool'), tf.less(tf.cumsum(equal, 1, true), room));
  return cut(tf.logicalOr(above, first), l);
}

export const full = (l: tf.Tensor2D, n: number): tf.Tensor2D => tf.fill([l.shape[0], 1], n) as tf.Tensor2D;
export const sortedTop = (keys: tf.Tensor2D, k: number): tf.Tensor2D =>
  tf.topk(keys, Math.min(k, keys.shape[1])).values as tf.Tensor2D;

/** The threshold, lowered so that at least minKeep stay. */
export function atLeast(l: tf.Tensor2D, least: tf.Tensor, minKeep: number): tf.Tensor2D {
  const own = sortedTop(l, minKeep);
  const nth = tf.slice(own, [0, own.shape[1] - 1], [own.shape[0], 1]);
  return cut(tf.logicalAnd(tf.greaterEqual(l, tf.minimum(least, nth)), isOpen(l)), l);
}

/** Keeps the shortest run by descending key with mass >= p. */
export function keepMass(
  l: tf.Tensor2D,
  keys: tf.Tensor2D,
  p: tf.Tensor2D,
  need: number,
  minKeep: number,
  ties: boolean,
): tf.Tensor2D {
  const { values, indices } = tf.topk(keys, keys.shape[1]);
  const masses = tf.gather(p, indices, 1, 1) as tf.Tensor2D;
  const before = tf.cumsum(masses, 1, true);
  const counts = tf.maximum(
    sumOf(tf.cast(tf.less(before, Math.max(need - massTolerance, 1e-38)), 'float32')),
    minKeep,
  );
  return keepCounts(l, keys, values as tf.Tensor2D, tf.minimum(counts, keys.shape[1]) as tf.Tensor2D, ties);
}
