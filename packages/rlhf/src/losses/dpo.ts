// The DPO family behind one name. Each variant is its own file under dpo/, with its paper; here is the table and the defaults.
// beta defaults to 0.1; labelSmoothing to 0, or 1e-3 for `exo`, whose formula needs it positive.
import * as tf from '@tensorflow/tfjs-core';
import { checkOptions } from '../check-options.ts';
import { aotPairs, aotUnpaired } from './dpo/aot.ts';
import { apoDownPairs, apoZeroPairs } from './dpo/apo.ts';
import { bcoPairs } from './dpo/bco.ts';
import { conservativePairs } from './dpo/conservative.ts';
import { discopopPairs } from './dpo/discopop.ts';
import { type Divergence, divergenceScores } from './dpo/divergence.ts';
import { exoPairs } from './dpo/exo.ts';
import { hingePairs } from './dpo/hinge.ts';
import { ipoPairs, perToken } from './dpo/ipo.ts';
import { ncaPairs } from './dpo/nca.ts';
import { robustPairs } from './dpo/robust.ts';
import { sigmoidPairs } from './dpo/sigmoid.ts';
import { sppoPairs } from './dpo/sppo.ts';
import { type PairLogProbs, type PairLogRatios, pairLogRatios } from './pair-log-probs.ts';

/** Options of {@link dpoLoss}; an option that the chosen variant does not read is refused. */
export interface DpoOptions {
  /** Which member of the family; default 'sigmoid', the loss of the DPO paper. */
  readonly variant?: DpoVariant;
  /** Strength of the pull to the reference, > 0; default 0.1. */
  readonly beta?: number;
  /** Probability that a label is wrong: `conservative`, `robust`, `exo` (default 1e-3 there, else 0). */
  readonly labelSmoothing?: number;
  /** `ipo`: divide each log-ratio by its answer's length (TRL) instead of the paper's sums; default false. */
  readonly lengthNormalize?: boolean;
  /** `bco`: running mean of the rewards that is subtracted; default 0. */
  readonly rewardShift?: number;
  /** `discopop`: temperature of the gate; default 0.05. */
  readonly discopopTau?: number;
  /** Replaces the log-ratios by another divergence's scores; default 'reverse-kl'. */
  readonly divergence?: Divergence;
  /** 'mean' (default) over the pairs, or 'none': one value a pair. */
  readonly reduction?: 'mean' | 'none';
}

interface Settings {
  readonly beta: number;
  readonly labelSmoothing: number;
  readonly lengthNormalize: boolean;
  readonly rewardShift: number;
  readonly discopopTau: number;
}

interface Variant {
  readonly pairs: (ratios: PairLogRatios, settings: Settings) => tf.Tensor;
  readonly reads?: readonly (keyof DpoOptions)[];
}

const variants = {
  sigmoid: { pairs: (x, s) => sigmoidPairs(x, s.beta) },
  hinge: { pairs: (x, s) => hingePairs(x, s.beta) },
  ipo: { pairs: (x, s) => ipoPairs(x, s.beta, s.lengthNormalize), reads: ['lengthNormalize'] },
  conservative: {
    pairs: (x, s) => conservativePairs(x, s.beta, s.labelSmoothing),
    reads: ['labelSmoothing'],
  },
  robust: { pairs: (x, s) => robustPairs(x, s.beta, s.labelSmoothing), reads: ['labelSmoothing'] },
  exo: { pairs: (x, s) => exoPairs(x, s.beta, s.labelSmoothing), reads: ['labelSmoothing'] },
  nca: { pairs: (x, s) => ncaPairs(x, s.beta) },
  bco: { pairs: (x, s) => bcoPairs(x, s.beta, s.rewardShift), reads: ['rewardShift'] },
  sppo: { pairs: (x, s) => sppoPairs(x, s.beta) },
  aot: { pairs: (x, s) => aotPairs(x, s.beta) },
  'aot-unpaired': { pairs: (x, s) => aotUnpaired(x, s.beta) },
  'apo-zero': { pairs: (x, s) => apoZeroPairs(x, s.beta) },
  'apo-down': { pairs: (x, s) => apoDownPairs(x, s.beta) },
  discopop: { pairs: (x, s) => discopopPairs(x, s.beta, s.discopopTau), reads: ['discopopTau'] },
  'length-normalized': { pairs: (x, s) => sigmoidPairs(perToken(x), s.beta) },
} satisfies Record<string, Variant>;

/** The members of the DPO family. */
export type DpoVariant = keyof typeof variants;

/** Every member of the DPO family by name. */
export const dpoVariants: readonly DpoVariant[] = Object.keys(variants) as DpoVariant[];

/**
 * The mean loss of the DPO family over B pairs, a function of c = log pi/ref(chosen) and r = log pi/ref(rejected).
 *
 * Inputs are [B] sums of token log-probabilities in nats; the result is a scalar (or [B] with `reduction: 'none'`). Differentiable in the
 * policy's log-probabilities. Throws a TypeError for an unknown option, a RangeError for one out of range. Papers: see `losses/dpo/`.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import '@tensorflow/tfjs-backend-cpu';
 * import { dpoLoss } from '@ashlar/rlhf';
 * const pair = {
 *   policyChosenLogps: tf.tensor1d([-10]),
 *   policyRejectedLogps: tf.tensor1d([-11]),
 *   referenceChosenLogps: tf.tensor1d([-10]),
 *   referenceRejectedLogps: tf.tensor1d([-11]),
 * };
 * dpoLoss(pair).dataSync()[0].toFixed(4) // => '0.6931'
 * ```
 */
export function dpoLoss(pair: PairLogProbs, options: DpoOptions = {}): tf.Tensor {
  const name = options.variant ?? 'sigmoid';
  const variant: Variant | undefined = Object.hasOwn(variants, name) ? variants[name] : undefined;
  if (variant === undefined)
    throw new RangeError(`variant: expected one of ${dpoVariants.join(', ')}, got ${String(name)}`);
  checkOptions(
    options,
    ['variant', 'beta', 'divergence', 'reduction', ...(variant.reads ?? [])],
    `dpoLoss (${name})`,
  );
  const settings: Settings = {
    beta: options.beta ?? 0.1,
    labelSmoothing: options.labelSmoothing ?? (name === 'exo' ? 1e-3 : 0),
    lengthNormalize: options.lengthNormalize ?? false,
    rewardShift: options.rewardShift ?? 0,
    discopopTau: options.discopopTau ?? 0.05,
  };
  if (pair?.policyChosenLogps === undefined || pair.policyRejectedLogps === undefined)
    throw new TypeError(
      'pair: expected policyChosenLogps and policyRejectedLogps, tensors [B] of log-probabilities',
    );
  if (!(settings.beta > 0)) throw new RangeError(`beta: expected > 0, got ${settings.beta}`);
  return tf.tidy(() => {
    const ratios = divergenceScores(pairLogRatios(pair), options.divergence ?? 'reverse-kl');
    const losses = variant.pairs(ratios, settings);
    return options.reduction === 'none' ? losses : tf.mean(losses);
  });
}
