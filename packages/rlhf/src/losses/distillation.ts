// Distillation of token distributions: forward KL (Hinton et al. 2015), reverse KL (MiniLLM, Gu et al. 2023) and their Jensen-Shannon
// mean (GKD, Agarwal et al. 2023). Temperature divides both logits; we do not multiply by its square, as Hinton's gradient scaling does.
import * as tf from '@tensorflow/tfjs-core';
import { checkOptions } from '../check-options.ts';

/** Options of {@link distillationLoss}. */
export interface DistillationOptions {
  /** Default 'forward-kl'. */
  readonly divergence?: 'forward-kl' | 'reverse-kl' | 'jensen-shannon';
  /** > 0; default 1. */
  readonly temperature?: number;
  /** Weight of the teacher in the Jensen-Shannon mixture, 0 < w < 1; default 0.5. */
  readonly mixture?: number;
  /** [N] 0/1: which rows count; default all. */
  readonly mask?: tf.Tensor1D;
}

/**
 * Mean over rows of D(teacher, student), both softmax(logits / temperature).
 *
 * `studentLogits`, `teacherLogits` [N, V]; the teacher gets no gradient when it is a constant tensor. Scalar out, nats.
 */
export function distillationLoss(
  studentLogits: tf.Tensor2D,
  teacherLogits: tf.Tensor2D,
  options: DistillationOptions = {},
): tf.Tensor {
  checkOptions(options, ['divergence', 'temperature', 'mixture', 'mask'], 'distillationLoss');
  const { divergence = 'forward-kl', temperature = 1, mixture = 0.5, mask } = options;
  if (!(temperature > 0)) throw new RangeError(`temperature: expected > 0, got ${temperature}`);
  if (!(mixture > 0 && mixture < 1)) throw new RangeError(`mixture: expected 0 < w < 1, got ${mixture}`);
  return tf.tidy(() => {
    const student = tf.logSoftmax(tf.div(studentLogits, temperature));
    const teacher = tf.logSoftmax(tf.div(teacherLogits, temperature));
    const rows = tf.sum(perEntry(student, teacher, divergence, mixture), 1);
    if (mask === undefined) return tf.mean(rows);
    return tf.div(tf.sum(tf.mul(rows, mask)), tf.maximum(tf.sum(mask), 1));
  });
}

function perEntry(student: tf.Tensor, teacher: tf.Tensor, divergence: string, w: number): tf.Tensor {
  const kl = (p: tf.Tensor, q: tf.Tensor): tf.Tensor => tf.mul(tf.exp(p), tf.sub(p, q));
  if (divergence === 'forward-kl') return kl(teacher, student);
  if (divergence === 'reverse-kl') return kl(student, teacher);
  if (divergence !== 'jensen-shannon')
    throw new RangeError(`divergence: expected forward-kl, reverse-kl or jensen-shannon, got ${divergence}`);
  const mean = tf.logSumExp(tf.stack([tf.add(teacher, Math.log(w)), tf.add(student, Math.log(1 - w))], 2), 2);
  return tf.add(tf.mul(w, kl(teacher, mean)), tf.mul(1 - w, kl(student, mean)));
}
