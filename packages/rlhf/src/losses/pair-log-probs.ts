// What every direct preference loss reads: sums of token log-probabilities of both answers under the policy and under the frozen
// reference, one entry a pair. Differences against the reference are the implicit rewards (up to beta) of Rafailov et al. 2023.
import * as tf from '@tensorflow/tfjs-core';

/** Log-probabilities of B pairs of answers; every tensor is [B], sums over the completion's tokens, in nats. */
export interface PairLogProbs {
  readonly policyChosenLogps: tf.Tensor1D;
  readonly policyRejectedLogps: tf.Tensor1D;
  /** Left out by the losses that need no reference model (CPO, SimPO, ORPO). */
  readonly referenceChosenLogps?: tf.Tensor1D;
  readonly referenceRejectedLogps?: tf.Tensor1D;
  /** Number of completion tokens, for the length-normalised losses. */
  readonly chosenLengths?: tf.Tensor1D;
  readonly rejectedLengths?: tf.Tensor1D;
}

/** The log-ratios that a direct preference loss is a function of. */
export interface PairLogRatios {
  /** log pi(chosen) - log ref(chosen), [B]. */
  readonly chosen: tf.Tensor;
  /** log pi(rejected) - log ref(rejected), [B]. */
  readonly rejected: tf.Tensor;
  readonly pair: PairLogProbs;
}

/** c = log pi(chosen|x) - log ref(chosen|x) and r likewise for the rejected answer; throws without a reference. */
export function pairLogRatios(pair: PairLogProbs): PairLogRatios {
  return {
    chosen: tf.sub(pair.policyChosenLogps, need(pair, 'referenceChosenLogps')),
    rejected: tf.sub(pair.policyRejectedLogps, need(pair, 'referenceRejectedLogps')),
    pair,
  };
}

/** The tensor `name` of the pair, or a TypeError that says which one is missing. */
export function need(pair: PairLogProbs, name: keyof PairLogProbs): tf.Tensor1D {
  const value = pair[name];
  if (value === undefined) throw new TypeError(`${name}: expected a tensor [B], got undefined`);
  return value;
}
