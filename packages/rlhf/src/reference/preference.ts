// Float64 twins of the preference losses, written straight from the papers and independent of the tensor code: the oracle of its tests and of the
// conformance runner's float64 column.
import { log1mexpNumber, logSigmoid, mean, sigmoid } from './scalar-math.ts';

/** Plain-number form of `PairLogProbs`. */
export interface PairNumbers {
  readonly policyChosenLogps: readonly number[];
  readonly policyRejectedLogps: readonly number[];
  readonly referenceChosenLogps: readonly number[];
  readonly referenceRejectedLogps: readonly number[];
  readonly chosenLengths: readonly number[];
  readonly rejectedLengths: readonly number[];
}

/** Numbers a formula may read; names as in the tensor functions. */
export type ReferenceParams = Readonly<Record<string, unknown>>;

const number = (params: ReferenceParams, name: string, otherwise: number): number =>
  typeof params[name] === 'number' ? params[name] : otherwise;

const sorted = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

type PerPair = (c: number, r: number, beta: number, params: ReferenceParams) => number;

const perPair: Readonly<Record<string, PerPair>> = {
  sigmoid: (c, r, b) => -logSigmoid(b * (c - r)),
  'length-normalized': (c, r, b) => -logSigmoid(b * (c - r)),
  hinge: (c, r, b) => Math.max(0, 1 - b * (c - r)),
  ipo: (c, r, b) => (c - r - 1 / (2 * b)) ** 2,
  conservative: (c, r, b, p) => {
    const e = number(p, 'labelSmoothing', 0);
    return -(1 - e) * logSigmoid(b * (c - r)) - e * logSigmoid(-b * (c - r));
  },
  robust: (c, r, b, p) => {
    const e = number(p, 'labelSmoothing', 0);
    return (-(1 - e) * logSigmoid(b * (c - r)) + e * logSigmoid(-b * (c - r))) / (1 - 2 * e);
  },
  exo: (c, r, b, p) => {
    const e = number(p, 'labelSmoothing', 1e-3);
    const z = b * (c - r);
    return sigmoid(z) * (logSigmoid(z) - Math.log(1 - e)) + sigmoid(-z) * (logSigmoid(-z) - Math.log(e));
  },
  nca: (c, r, b) => -logSigmoid(b * c) - 0.5 * logSigmoid(-b * c) - 0.5 * logSigmoid(-b * r),
  bco: (c, r, b, p) => {
    const shift = number(p, 'rewardShift', 0);
    return -logSigmoid(b * c - shift) - logSigmoid(shift - b * r);
  },
  sppo: (c, r, b) => (c - 0.5 / b) ** 2 + (r + 0.5 / b) ** 2,
  'apo-zero': (c, r, b) => 1 - sigmoid(b * c) + sigmoid(b * r),
  'apo-down': (c, r, b) => sigmoid(b * c) + 1 - sigmoid(b * (c - r)),
  discopop: (c, r, b, p) => {
    const z = b * (c - r);
    const gate = sigmoid(z / number(p, 'discopopTau', 0.05));
    return -logSigmoid(z) * (1 - gate) + Math.exp(-z) * gate;
  },
};

/** Mean DPO-family loss in float64; `variant` and params as in `dpoLoss`. */
export function dpoReference(pair: PairNumbers, variant: string, params: ReferenceParams = {}): number {
  const beta = number(params, 'beta', 0.1);
  const normalize = variant === 'length-normalized' || params['lengthNormalize'] === true;
  const divided = (x: number, length: number): number => (normalize ? x / length : x);
  const score = (u: number): number => divergence(u, params['divergence']);
  const c = pair.policyChosenLogps.map((l, i) =>
    divided(score(l - pair.referenceChosenLogps[i]), pair.chosenLengths?.[i]),
  );
  const r = pair.policyRejectedLogps.map((l, i) =>
    divided(score(l - pair.referenceRejectedLogps[i]), pair.rejectedLengths?.[i]),
  );
  if (variant === 'aot') {
    const policy = sorted(pair.policyChosenLogps.map((l, i) => l - pair.policyRejectedLogps[i]));
    const reference = sorted(pair.referenceChosenLogps.map((l, i) => l - pair.referenceRejectedLogps[i]));
    return mean(policy.map((m, i) => -logSigmoid(beta * (m - reference[i]))));
  }
  if (variant === 'aot-unpaired') {
    const high = sorted(c);
    const low = sorted(r);
    return mean(high.map((m, i) => -logSigmoid(beta * (m - low[i]))));
  }
  const formula = perPair[variant];
  if (formula === undefined) throw new RangeError(`variant: no reference formula for ${variant}`);
  return mean(c.map((_, i) => formula(c[i], r[i], beta, params)));
}

function divergence(u: number, kind: unknown): number {
  if (kind === 'forward-kl') return -Math.exp(Math.min(80, -u));
  if (kind === 'jensen-shannon') return logSigmoid(u);
  if (typeof kind === 'object' && kind !== null) {
    const order = (kind as { alpha: number }).alpha - 1;
    return Math.exp(Math.min(80, order * u)) / order;
  }
  return u;
}

/** CPO without its likelihood term. */
export const cpoReference = (pair: PairNumbers, beta: number): number =>
  mean(pair.policyChosenLogps.map((l, i) => -logSigmoid(beta * (l - pair.policyRejectedLogps[i]))));

/** SimPO. */
export const simpoReference = (pair: PairNumbers, beta: number, gamma: number): number =>
  mean(
    pair.policyChosenLogps.map((l, i) => {
      const margin = l / pair.chosenLengths[i] - pair.policyRejectedLogps[i] / pair.rejectedLengths[i];
      return -logSigmoid(beta * margin - gamma);
    }),
  );

/** ORPO's odds-ratio term. */
export const orpoReference = (pair: PairNumbers, beta: number): number => {
  const logOdds = (l: number): number => l - log1mexpNumber(l);
  return mean(
    pair.policyChosenLogps.map((l, i) => {
      const c = logOdds(l / pair.chosenLengths[i]);
      const r = logOdds(pair.policyRejectedLogps[i] / pair.rejectedLengths[i]);
      return -beta * logSigmoid(c - r);
    }),
  );
};

/** KTO on log-ratios. */
export function ktoReference(
  desirable: readonly number[],
  undesirable: readonly number[],
  params: ReferenceParams = {},
): number {
  const beta = number(params, 'beta', 0.1);
  const z = number(params, 'referencePoint', 0);
  const good = number(params, 'desirableWeight', 1);
  const bad = number(params, 'undesirableWeight', 1);
  return mean([
    ...desirable.map((c) => good * (1 - sigmoid(beta * (c - z)))),
    ...undesirable.map((r) => bad * (1 - sigmoid(beta * (z - r)))),
  ]);
}
