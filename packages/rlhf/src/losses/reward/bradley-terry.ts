// The pairwise reward loss of InstructGPT (Ouyang et al. 2022, eq. 1) with Llama 2's margin and the centring term of Eisenstein et al. 2023
// (rewards are only defined up to a constant a prompt; the square of their sum keeps that constant near 0).
import { logSigmoid } from '@ashlar/core';
import * as tf from '@tensorflow/tfjs-core';
import { checkOptions } from '../../check-options.ts';

/** Options of {@link bradleyTerryLoss}. */
export interface BradleyTerryOptions {
  /** By how much the chosen reward should lead, a number or one a pair [B]; default 0. */
  readonly margin?: number | tf.Tensor1D;
  /** Weight of mean (r_c + r_r)^2; default 0, TRL recommends 0.01. */
  readonly centerRewardsCoefficient?: number;
  /** 'mean' (default) or 'none'. */
  readonly reduction?: 'mean' | 'none';
}

/** The names of `BradleyTerryOptions`. */
export const bradleyTerryOptions: readonly string[] = ['margin', 'centerRewardsCoefficient', 'reduction'];

/**
 * mean of -log sigma(r_chosen - r_rejected - margin) + coefficient (r_chosen + r_rejected)^2; rewards are [B].
 *
 * Adding a constant to both rewards leaves the first term unchanged.
 */
export function bradleyTerryLoss(
  chosenRewards: tf.Tensor1D,
  rejectedRewards: tf.Tensor1D,
  options: BradleyTerryOptions = {},
): tf.Tensor {
  checkOptions(options, bradleyTerryOptions, 'bradleyTerryLoss');
  const { margin = 0, centerRewardsCoefficient = 0, reduction } = options;
  return tf.tidy(() => {
    const lead = tf.sub(tf.sub(chosenRewards, rejectedRewards), margin);
    const rank = tf.neg(logSigmoid(lead));
    const losses =
      centerRewardsCoefficient === 0
        ? rank
        : tf.add(rank, tf.mul(centerRewardsCoefficient, tf.square(tf.add(chosenRewards, rejectedRewards))));
    return reduction === 'none' ? losses : tf.mean(losses);
  });
}
