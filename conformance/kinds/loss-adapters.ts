// From the golden cases' loss names and parameters to the library's functions. A parameter that no formula here reads is an error, not ignored.
import { crossEntropy, tokenEntropy, tokenLogProbs } from '@ashlar/core';
import {
  type Aggregate,
  allPairsLoss,
  bestOfLoss,
  bradleyTerryLoss,
  cpoLoss,
  type DpoOptions,
  type DpoVariant,
  davidsonLoss,
  distillationLoss,
  dpoLoss,
  dpoVariants,
  generalizedAdvantages,
  groupRelativeAdvantages,
  grpoLoss,
  gspoLoss,
  type KlEstimator,
  klEstimate,
  ktoLoss,
  leaveOneOutAdvantages,
  orpoOddsRatioLoss,
  type PairLogProbs,
  type PolicyBatch,
  plackettLuceLoss,
  ppoPolicyLoss,
  ppoValueLoss,
  reinforceLoss,
  simpoLoss,
  type ValueBatch,
} from '@ashlar/rlhf';
import * as reference from '@ashlar/rlhf/reference';
import * as tf from '@tensorflow/tfjs-core';

type Tensors = Readonly<Record<string, tf.Tensor>>;
// The cases' nesting is known by their loss alone; each entry below states the shape it reads.
type Numbers = Readonly<Record<string, unknown>>;

/** One loss of the goldens: on tensors (absent where the library computes it on plain numbers only) and its float64 twin. */
export interface LossAdapter {
  readonly tensor?: (inputs: Tensors) => tf.Tensor;
  readonly reference: (inputs: Numbers) => unknown;
}

type Params = Readonly<Record<string, unknown>>;
type Matrix = number[][];
type Build = (params: Params) => LossAdapter;

const pairOf = (inputs: Tensors): PairLogProbs => inputs as unknown as PairLogProbs;
const numbersOf = (inputs: Numbers): reference.PairNumbers => inputs as unknown as reference.PairNumbers;
const vector = (inputs: Numbers, name: string): number[] => inputs[name] as number[];
const matrix = (inputs: Numbers, name: string): Matrix => inputs[name] as Matrix;
const sub = (a: number[], b: number[]): number[] => a.map((x, i) => x - b[i]);

const dpo =
  (variant: DpoVariant): Build =>
  (params) => ({
    tensor: (x) => dpoLoss(pairOf(x), { variant, ...(params as DpoOptions) }),
    reference: (x) => reference.dpoReference(numbersOf(x), variant, params),
  });

const distill =
  (divergence: 'forward-kl' | 'reverse-kl' | 'jensen-shannon'): Build =>
  ({ temperature = 1 }) => ({
    tensor: (x) =>
      distillationLoss(x['studentLogits'] as tf.Tensor2D, x['teacherLogits'] as tf.Tensor2D, {
        divergence,
        temperature: temperature as number,
      }),
    reference: (x) =>
      reference.distillationReference(
        matrix(x, 'studentLogits'),
        matrix(x, 'teacherLogits'),
        divergence,
        temperature as number,
      ),
  });

const kl =
  (estimator: KlEstimator): Build =>
  () => ({
    tensor: (x) => klEstimate(x['logps'], x['referenceLogps'], estimator),
    reference: (x) =>
      matrix(x, 'logps').map((row, b) =>
        row.map((l, t) => reference.klNumber(l, matrix(x, 'referenceLogps')[b][t], estimator)),
      ),
  });

const grpo: Build = ({
  epsilonLow = 0.2,
  epsilonHigh = epsilonLow,
  beta = 0,
  aggregate = 'token-mean',
  maxLength,
}) => ({
  tensor: (x) =>
    grpoLoss(x as unknown as PolicyBatch, {
      epsilonLow: epsilonLow as number,
      epsilonHigh: epsilonHigh as number,
      beta: beta as number,
      aggregate: aggregate as Aggregate,
      ...(maxLength === undefined ? {} : { counts: { maxLength: maxLength as number } }),
    }),
  reference: (x) =>
    reference.grpoReference(x as unknown as Parameters<typeof reference.grpoReference>[0], {
      epsilonLow: epsilonLow as number,
      epsilonHigh: epsilonHigh as number,
      beta: beta as number,
      aggregate: aggregate as string,
      ...(maxLength === undefined ? {} : { maxLength: maxLength as number }),
    }),
});

const ranked =
  (tensor: (rewards: tf.Tensor) => tf.Tensor, double: (rewards: readonly number[]) => number): Build =>
  () => ({
    tensor: (x) => tensor(x['rankedRewards']),
    reference: (x) => double(vector(x, 'rankedRewards')),
  });

const labels = (x: Tensors): tf.Tensor1D => x['labels'] as tf.Tensor1D;
const logits = (x: Tensors): tf.Tensor2D => x['logits'] as tf.Tensor2D;

const table: Readonly<Record<string, { readonly reads: readonly string[]; readonly build: Build }>> = {
  'cross-entropy': {
    reads: ['labelSmoothing', 'zLossCoefficient', 'ignoreIndex'],
    build: (params) => ({
      tensor: (x) => crossEntropy(logits(x), labels(x), params),
      reference: (x) => reference.crossEntropyReference(matrix(x, 'logits'), vector(x, 'labels'), params),
    }),
  },
  'token-logps': {
    reads: [],
    build: () => ({
      tensor: (x) => tokenLogProbs(logits(x), labels(x)),
      reference: (x) => reference.tokenLogProbsReference(matrix(x, 'logits'), vector(x, 'labels')),
    }),
  },
  entropy: {
    reads: [],
    build: () => ({
      tensor: (x) => tokenEntropy(logits(x)),
      reference: (x) => reference.entropyReference(matrix(x, 'logits')),
    }),
  },
  'distillation/forward-kl': { reads: ['temperature'], build: distill('forward-kl') },
  'distillation/reverse-kl': { reads: ['temperature'], build: distill('reverse-kl') },
  'distillation/jsd': { reads: ['temperature'], build: distill('jensen-shannon') },
  'advantage/group-relative': {
    reads: ['groupSize', 'normalizeByStd', 'epsilon'],
    build: (params) => ({
      reference: (x) =>
        groupRelativeAdvantages(
          vector(x, 'rewards'),
          params as unknown as Parameters<typeof groupRelativeAdvantages>[1],
        ),
    }),
  },
  'advantage/leave-one-out': {
    reads: ['groupSize'],
    build: ({ groupSize }) => ({
      reference: (x) => leaveOneOutAdvantages(vector(x, 'rewards'), { groupSize: groupSize as number }),
    }),
  },
  'advantage/gae': {
    reads: ['gamma', 'lambda', 'lambda_'],
    build: ({ gamma = 1, lambda = 0.95 }) => ({
      reference: (x) =>
        generalizedAdvantages(matrix(x, 'rewards'), matrix(x, 'values'), x['mask'] as Matrix | undefined, {
          gamma: gamma as number,
          lambda: lambda as number,
        }).advantages,
    }),
  },
  'kl/k1': { reads: [], build: kl('k1') },
  'kl/k2': { reads: [], build: kl('k2') },
  'kl/k3': { reads: [], build: kl('k3') },
  grpo: { reads: ['epsilonLow', 'epsilonHigh', 'beta', 'aggregate', 'maxLength'], build: grpo },
  gspo: {
    reads: ['epsilonLow', 'epsilonHigh'],
    build: ({ epsilonLow = 3e-4, epsilonHigh = 4e-4 }) => ({
      tensor: (x) =>
        gspoLoss(x as unknown as PolicyBatch, {
          epsilonLow: epsilonLow as number,
          epsilonHigh: epsilonHigh as number,
        }),
      reference: (x) =>
        reference.gspoReference(
          x as unknown as Parameters<typeof reference.gspoReference>[0],
          epsilonLow as number,
          epsilonHigh as number,
        ),
    }),
  },
  reinforce: {
    reads: ['aggregate', 'maxLength'],
    build: ({ aggregate = 'sequence-sum', maxLength }) => ({
      tensor: (x) =>
        reinforceLoss(x as unknown as PolicyBatch, aggregate as Aggregate, {
          ...(maxLength === undefined ? {} : { maxLength: maxLength as number }),
        }),
      reference: (x) =>
        reference.reinforceReference(
          x as unknown as Parameters<typeof reference.reinforceReference>[0],
          aggregate as string,
          maxLength as number | undefined,
        ),
    }),
  },
  'ppo/policy': {
    reads: ['clipRange'],
    build: ({ clipRange = 0.2 }) => ({
      tensor: (x) => ppoPolicyLoss(x as unknown as PolicyBatch, { clipRange: clipRange as number }),
      reference: (x) =>
        reference.grpoReference(x as unknown as Parameters<typeof reference.grpoReference>[0], {
          epsilonLow: clipRange as number,
          epsilonHigh: clipRange as number,
          aggregate: 'token-mean',
        }),
    }),
  },
  'ppo/value': {
    reads: ['clipRangeValue'],
    build: ({ clipRangeValue = 0.2 }) => ({
      tensor: (x) => ppoValueLoss(x as unknown as ValueBatch, { clipRangeValue: clipRangeValue as number }),
      reference: (x) =>
        reference.ppoValueReference(
          x as unknown as Parameters<typeof reference.ppoValueReference>[0],
          clipRangeValue as number,
        ),
    }),
  },
  ...Object.fromEntries(
    dpoVariants.map((variant) => [
      `dpo/${variant}`,
      {
        reads: ['beta', 'labelSmoothing', 'lengthNormalize', 'rewardShift', 'discopopTau', 'divergence'],
        build: dpo(variant),
      },
    ]),
  ),
  cpo: {
    reads: ['beta'],
    build: ({ beta = 0.1 }) => ({
      tensor: (x) => cpoLoss(pairOf(x), { beta: beta as number }),
      reference: (x) => reference.cpoReference(numbersOf(x), beta as number),
    }),
  },
  simpo: {
    reads: ['beta', 'gamma'],
    build: ({ beta = 2, gamma = (beta as number) / 2 }) => ({
      tensor: (x) => simpoLoss(pairOf(x), { beta: beta as number, gamma: gamma as number }),
      reference: (x) => reference.simpoReference(numbersOf(x), beta as number, gamma as number),
    }),
  },
  'orpo/odds-ratio': {
    reads: ['beta'],
    build: ({ beta = 0.1 }) => ({
      tensor: (x) => orpoOddsRatioLoss(pairOf(x), { beta: beta as number }),
      reference: (x) => reference.orpoReference(numbersOf(x), beta as number),
    }),
  },
  kto: {
    reads: ['beta', 'desirableWeight', 'undesirableWeight', 'referencePoint'],
    build: (params) => ({
      tensor: (x) => {
        const desirable = tf.sub(x['policyChosenLogps'], x['referenceChosenLogps']) as tf.Tensor1D;
        const undesirable = tf.sub(x['policyRejectedLogps'], x['referenceRejectedLogps']) as tf.Tensor1D;
        return ktoLoss({ desirable, undesirable }, params);
      },
      reference: (x) =>
        reference.ktoReference(
          sub(vector(x, 'policyChosenLogps'), vector(x, 'referenceChosenLogps')),
          sub(vector(x, 'policyRejectedLogps'), vector(x, 'referenceRejectedLogps')),
          params,
        ),
    }),
  },
  'reward/bradley-terry': {
    reads: ['margin', 'centerRewardsCoefficient'],
    build: ({ margin = 0, centerRewardsCoefficient = 0 }) => ({
      tensor: (x) =>
        bradleyTerryLoss(x['chosenRewards'] as tf.Tensor1D, x['rejectedRewards'] as tf.Tensor1D, {
          margin: typeof margin === 'number' ? margin : tf.tensor1d(margin as number[]),
          centerRewardsCoefficient: centerRewardsCoefficient as number,
        }),
      reference: (x) =>
        reference.bradleyTerryReference(
          vector(x, 'chosenRewards'),
          vector(x, 'rejectedRewards'),
          margin as number | number[],
          centerRewardsCoefficient as number,
        ),
    }),
  },
  'reward/all-pairs': { reads: [], build: ranked(allPairsLoss, reference.allPairsReference) },
  'reward/best-of': {
    reads: [],
    build: () => ({
      tensor: (x) => bestOfLoss(x['rewards'] as tf.Tensor2D, x['best'] as tf.Tensor1D),
      reference: (x) => reference.bestOfReference(matrix(x, 'rewards'), vector(x, 'best')),
    }),
  },
  'reward/davidson': {
    reads: ['logTieParameter'],
    build: ({ logTieParameter = 0 }) => ({
      tensor: (x) =>
        davidsonLoss(
          x['rewardsA'] as tf.Tensor1D,
          x['rewardsB'] as tf.Tensor1D,
          x['outcomes'] as tf.Tensor1D,
          tf.scalar(logTieParameter as number),
        ),
      reference: (x) =>
        reference.davidsonReference(
          vector(x, 'rewardsA'),
          vector(x, 'rewardsB'),
          vector(x, 'outcomes'),
          logTieParameter as number,
        ),
    }),
  },
  'reward/plackett-luce': { reads: [], build: ranked(plackettLuceLoss, reference.plackettLuceReference) },
};

/** The adapter of a golden loss; throws for an unknown loss or a parameter that no formula reads. */
export function lossAdapter(loss: string, params: Params): LossAdapter {
  const entry = table[loss];
  if (entry === undefined) throw new RangeError(`unknown loss ${loss}`);
  for (const name of Object.keys(params))
    if (!entry.reads.includes(name)) throw new RangeError(`unknown parameter ${name}`);
  return entry.build(params);
}
