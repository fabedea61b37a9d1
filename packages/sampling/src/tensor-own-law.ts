// Tensor forms of the steps that make a law of their own (mirostat, adaptive-p) or lead away from another one (guidance).
import * as tf from '@tensorflow/tfjs-core';
import { preference } from './processors/adaptive-p.ts';
import {
  atLeast,
  cut,
  type Form,
  full,
  isOpen,
  keepCounts,
  logLaw,
  sortedTop,
  sumOf,
} from './tensor-rows.ts';

const column = (values: readonly number[]): tf.Tensor2D => tf.tensor2d([...values], [values.length, 1]);

/** Mirostat 1: k = (e 2^mu / (1 - V^-e))^(1/s), e = s - 1, s the Zipf exponent of the m most likely tokens. */
function zipfRanks(l: tf.Tensor2D, mu: tf.Tensor2D, m: number): tf.Tensor2D {
  const [batch, size] = l.shape;
  const top = sortedTop(l, m);
  const count = top.shape[1];
  if (count < 2) return full(l, 1);
  const lower = tf.slice(top, [0, 1], [batch, count - 1]);
  const present = isOpen(lower);
  const gaps = tf.where(
    present,
    tf.sub(tf.slice(top, [0, 0], [batch, count - 1]), lower),
    tf.zerosLike(lower),
  );
  const steps = tf.tensor2d(
    Array.from({ length: count - 1 }, (_, i) => Math.log((i + 2) / (i + 1))),
    [1, count - 1],
  );
  const weights = tf.mul(tf.cast(present, 'float32'), steps);
  const squares = sumOf(tf.mul(weights, steps));
  const s = tf.div(sumOf(tf.mul(weights, gaps)), tf.maximum(squares, 1e-30));
  const e = tf.sub(s, 1);
  const flat = tf.less(tf.abs(e), 1e-5);
  const safe = tf.where(flat, tf.onesLike(e), e);
  const spread = tf.where(
    flat,
    tf.fill(e.shape, 1 / Math.log(size)),
    tf.div(safe, tf.sub(1, tf.exp(tf.mul(tf.neg(safe), Math.log(size))))),
  );
  // By logarithms: 2^mu alone may leave f32.
  const log = tf.div(tf.add(tf.log(spread), tf.mul(mu, Math.LN2)), s);
  const open = sumOf(tf.cast(isOpen(l), 'float32'));
  const most = tf.log(tf.maximum(open, 1));
  const k = tf.where(tf.greaterEqual(log, most), open, tf.floor(tf.exp(tf.minimum(log, most))));
  const usable = tf.logicalAnd(tf.greater(squares, 0), tf.logicalNot(tf.isNaN(log)));
  return tf.maximum(tf.where(usable, k, tf.onesLike(k)), 1) as tf.Tensor2D;
}

/** By the name of the step. */
export const ownLawForms: Readonly<Record<string, Form>> = {
  guidance: (l, { scale: strength }, { companion }, rows) => {
    const others = rows.map(({ history }) => companion?.(history) ?? []);
    const wrong = others.find((row) => row.length !== l.shape[1]);
    if (wrong !== undefined)
      throw new RangeError(`guidance: expected ${l.shape[1]} unconditional logits, got ${wrong.length}`);
    const other = tf.tensor2d(Float32Array.from(others.flatMap((row) => Array.from(row))), l.shape);
    const c = tf.sub(l, tf.logSumExp(l, 1, true));
    const u = tf.sub(other, tf.logSumExp(other, 1, true));
    const led = tf.add(u, tf.mul(strength, tf.sub(c, u)));
    return tf.where(tf.logicalAnd(isOpen(l), isOpen(other)), led, c) as tf.Tensor2D;
  },
  mirostat: (l, { version, m }, _step, rows) => {
    const mu = column(rows.map(({ present }) => present[0]));
    if (version === 2) return atLeast(l, tf.sub(tf.logSumExp(l, 1, true), tf.mul(mu, Math.LN2)), 1);
    return keepCounts(l, l, sortedTop(l, l.shape[1]), zipfRanks(l, mu, m), false);
  },
  adaptiveP: (l, _options, _step, rows) => {
    const aim = column(rows.map(({ present }) => present[0]));
    const { width, peak, sharpness } = preference;
    const d = tf.div(tf.abs(tf.sub(logLaw(l).p, aim)), width);
    return cut(isOpen(l), tf.sub(peak, tf.div(tf.mul(sharpness, tf.square(d)), tf.add(d, 1))) as tf.Tensor2D);
  },
};
