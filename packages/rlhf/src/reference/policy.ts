// Float64 twins of the policy losses; matrices are [B][T].
import { checkOptions } from '../check-options.ts';

type Matrix = readonly (readonly number[])[];

const clip = (x: number, low: number, high: number): number => Math.min(high, Math.max(low, x));

/** max(-A rho, -A clip(rho)). */
export const surrogateNumber = (logRatio: number, advantage: number, low: number, high: number): number => {
  const ratio = Math.exp(clip(logRatio, -20, 20));
  return Math.max(-advantage * ratio, -advantage * clip(ratio, 1 - low, 1 + high));
};

/** k1, k2 or k3 of one token. */
export function klNumber(logp: number, referenceLogp: number, estimator: string): number {
  const d = logp - referenceLogp;
  if (estimator === 'k1') return d;
  if (estimator === 'k2') return 0.5 * d * d;
  return Math.expm1(-d) + d;
}

/** The aggregate of token losses over a mask. */
export function aggregateReference(losses: Matrix, mask: Matrix, mode: string, maxLength?: number): number {
  const rowSum = losses.map((row, b) => row.reduce((sum, l, t) => sum + l * mask[b][t], 0));
  const rowCount = mask.map((row) => row.reduce((a, m) => a + m, 0));
  const total = rowSum.reduce((a, b) => a + b, 0);
  const tokens = rowCount.reduce((a, b) => a + b, 0);
  if (mode === 'sequence-mean')
    return rowSum.reduce((a, s, b) => a + s / Math.max(1, rowCount[b]), 0) / mask.length;
  if (mode === 'token-mean') return total / Math.max(1, tokens);
  if (mode === 'sum-over-max-length') return total / (mask.length * (maxLength ?? mask[0].length));
  if (mode === 'sequence-sum') return total / mask.length;
  return total;
}

/** GRPO and its relatives, and PPO's policy loss with equal clips and beta 0. */
export function grpoReference(
  batch: {
    logps: Matrix;
    oldLogps: Matrix;
    referenceLogps?: Matrix;
    advantages: readonly number[] | Matrix;
    mask: Matrix;
  },
  options: { epsilonLow: number; epsilonHigh: number; beta?: number; aggregate: string; maxLength?: number },
): number {
  checkOptions(options, ['epsilonLow', 'epsilonHigh', 'beta', 'aggregate', 'maxLength'], 'grpoReference');
  const { epsilonLow, epsilonHigh, beta = 0 } = options;
  const losses = batch.logps.map((row, b) =>
    row.map((l, t) => {
      const own = batch.advantages[b];
      const advantage = typeof own === 'number' ? own : own[t];
      const policy = surrogateNumber(l - batch.oldLogps[b][t], advantage, epsilonLow, epsilonHigh);
      return beta === 0 ? policy : policy + beta * klNumber(l, batch.referenceLogps![b][t], 'k3');
    }),
  );
  return aggregateReference(losses, batch.mask, options.aggregate, options.maxLength);
}

/** REINFORCE: the aggregate of -A log pi. */
export function reinforceReference(
  batch: { logps: Matrix; advantages: readonly number[] | Matrix; mask: Matrix },
  aggregate = 'sequence-sum',
  maxLength?: number,
): number {
  const losses = batch.logps.map((row, b) =>
    row.map((l, t) => {
      const own = batch.advantages[b];
      return -(typeof own === 'number' ? own : own[t]) * l;
    }),
  );
  return aggregateReference(losses, batch.mask, aggregate, maxLength);
}

/** GSPO: one clipped ratio a sequence. */
export function gspoReference(
  batch: { logps: Matrix; oldLogps: Matrix; advantages: readonly number[]; mask: Matrix },
  epsilonLow: number,
  epsilonHigh: number,
): number {
  let total = 0;
  batch.logps.forEach((row, b) => {
    const count = batch.mask[b].reduce((a, m) => a + m, 0);
    const sum = row.reduce((a, l, t) => a + (l - batch.oldLogps[b][t]) * batch.mask[b][t], 0);
    total += surrogateNumber(sum / Math.max(1, count), batch.advantages[b], epsilonLow, epsilonHigh);
  });
  return total / batch.logps.length;
}

/** PPO's clipped value loss. */
export function ppoValueReference(
  batch: { values: Matrix; oldValues: Matrix; returns: Matrix; mask: Matrix },
  clipRangeValue: number,
): number {
  const losses = batch.values.map((row, b) =>
    row.map((v, t) => {
      const moved = batch.oldValues[b][t] + clip(v - batch.oldValues[b][t], -clipRangeValue, clipRangeValue);
      const target = batch.returns[b][t];
      return 0.5 * Math.max((v - target) ** 2, (moved - target) ** 2);
    }),
  );
  return aggregateReference(losses, batch.mask, 'token-mean');
}
