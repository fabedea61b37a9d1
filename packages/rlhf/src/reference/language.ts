// Float64 twins of the losses on token distributions.
import { checkOptions } from '../check-options.ts';
import { logSoftmax, logSumExp, mean } from './scalar-math.ts';

/** Cross-entropy with label smoothing, z-loss and an ignored label; mean over the labels that count. */
export function crossEntropyReference(
  logits: readonly (readonly number[])[],
  labels: readonly number[],
  options: { labelSmoothing?: number; zLossCoefficient?: number; ignoreIndex?: number } = {},
): number {
  checkOptions(options, ['labelSmoothing', 'zLossCoefficient', 'ignoreIndex'], 'crossEntropyReference');
  const { labelSmoothing = 0, zLossCoefficient = 0, ignoreIndex = -100 } = options;
  let total = 0;
  let count = 0;
  logits.forEach((row, i) => {
    if (labels[i] === ignoreIndex) return;
    const logp = logSoftmax(row);
    const smooth = -mean(logp);
    total += -(1 - labelSmoothing) * logp[labels[i]] + labelSmoothing * smooth;
    total += zLossCoefficient * logSumExp(row) ** 2;
    count++;
  });
  return total / Math.max(1, count);
}

/** log softmax(logits)[label] a row. */
export const tokenLogProbsReference = (
  logits: readonly (readonly number[])[],
  labels: readonly number[],
): number[] => logits.map((row, i) => logSoftmax(row)[labels[i]]);

/** Entropy of softmax(logits) a row, nats. */
export const entropyReference = (logits: readonly (readonly number[])[]): number[] =>
  logits.map((row) => -logSoftmax(row).reduce((sum, l) => sum + Math.exp(l) * l, 0));

/** Forward KL, reverse KL or Jensen-Shannon divergence of teacher and student, mean over rows. */
export function distillationReference(
  studentLogits: readonly (readonly number[])[],
  teacherLogits: readonly (readonly number[])[],
  divergence: string,
  temperature = 1,
  mixture = 0.5,
): number {
  return mean(
    studentLogits.map((row, i) => {
      const s = logSoftmax(row.map((x) => x / temperature));
      const t = logSoftmax(teacherLogits[i].map((x) => x / temperature));
      const kl = (p: number[], q: number[]): number =>
        p.reduce((sum, l, j) => sum + Math.exp(l) * (l - q[j]), 0);
      if (divergence === 'forward-kl') return kl(t, s);
      if (divergence === 'reverse-kl') return kl(s, t);
      const m = t.map((l, j) => logSumExp([l + Math.log(mixture), s[j] + Math.log(1 - mixture)]));
      return mixture * kl(t, m) + (1 - mixture) * kl(s, m);
    }),
  );
}
