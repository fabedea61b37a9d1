// One optimizer step: gradients of every micro-batch, summed and divided by the window's weight, clipped, applied. A function of its arguments alone.

import * as tf from '@tensorflow/tfjs-core';
import { checkBackend } from '../backends/choose.ts';
import { checkOptions } from '../check-options.ts';
import { registerGradients } from '../ops/gradients/register-gradients.ts';
import { clipFactor, NonFiniteError, normOf, squareSums } from './clip-gradients.ts';
import { updateAverage } from './ema.ts';
import type { Objective } from './objective.ts';
import {
  applyGradients,
  initOptimizer,
  type Optimizer,
  type OptimizerState,
} from './optimizers/optimizer.ts';

/** Everything that training changes; with the data's cursor it is all that a checkpoint holds. */
export interface TrainState {
  readonly parameters: ReadonlyMap<string, tf.Tensor>;
  readonly optimizer: OptimizerState;
  /** Smoothed parameters, when asked for. */
  readonly average?: ReadonlyMap<string, tf.Tensor>;
  /** Windows of micro-batches used so far, the skipped ones included: the data's cursor. */
  readonly windows: number;
  /** Tokens seen so far. */
  readonly tokens: number;
  /** Steps left out because a loss or gradient was not finite. */
  readonly skipped: number;
}

/** How to make one step. */
export interface StepOptions {
  readonly optimizer: Optimizer;
  readonly learningRate: number;
  /** Clip the gradients' global norm to this; default: no clipping. */
  readonly maxNorm?: number;
  /** Keep a moving average of the parameters with this decay. */
  readonly averageDecay?: number;
  /** 'throw' (default) a NonFiniteError, or 'skip' the step and count it; parameters stay as they were either way. */
  readonly onNonFinite?: 'throw' | 'skip';
}

/** What one step did. */
export interface StepReport {
  /** Updates done, this one included. */
  readonly step: number;
  /** Mean loss over the window's weight, before the update. */
  readonly loss: number;
  /** Global norm of the gradient before clipping. */
  readonly gradNorm: number;
  readonly learningRate: number;
  /** Weight of the window (supervised tokens, pairs, ...). */
  readonly weight: number;
  /** Tokens processed. */
  readonly tokens: number;
  /** The name of what was not finite, when the step was skipped. */
  readonly skipped?: string;
}

/** The state before the first step. Takes the parameters over: the trainer disposes them when it replaces them. */
export function initTrainState(parameters: ReadonlyMap<string, tf.Tensor>, optimizer: Optimizer): TrainState {
  if (!(parameters instanceof Map))
    throw new TypeError(
      'parameters: expected a Map of tensors by name, as initLora or initParameters makes it',
    );
  for (const p of parameters.values()) tf.keep(p);
  return { parameters, optimizer: initOptimizer(optimizer, parameters), windows: 0, tokens: 0, skipped: 0 };
}

/** Frees every tensor of a state. */
export function disposeTrainState(state: TrainState): void {
  tf.dispose([...state.parameters.values(), ...(state.average?.values() ?? [])]);
  for (const slots of state.optimizer.slots.values()) tf.dispose(Object.values(slots));
}

/** One step over the micro-batches of a window. Consumes `state` (its replaced tensors are disposed); returns the next one. */
export async function trainStep<Batch>(
  state: TrainState,
  microBatches: readonly Batch[],
  objective: Objective<Batch>,
  options: StepOptions,
): Promise<{ readonly state: TrainState; readonly report: StepReport }> {
  checkOptions(options, ['optimizer', 'learningRate', 'maxNorm', 'averageDecay', 'onNonFinite'], 'trainStep');
  registerGradients();
  const weight = microBatches.reduce((sum, batch) => sum + objective.weight(batch), 0);
  const tokens = microBatches.reduce((sum, b) => sum + (objective.tokens ?? objective.weight)(b), 0);
  const { gradients, loss, squares } = await accumulate(
    state.parameters,
    microBatches,
    objective,
    Math.max(weight, 1e-30),
  );
  const base = { loss, learningRate: options.learningRate, weight, tokens };
  try {
    if (!Number.isFinite(loss)) throw new NonFiniteError('loss', String(loss));
    const gradNorm = normOf([...gradients.keys()], squares);
    const next = applyGradients(
      options.optimizer,
      state.parameters,
      gradients,
      state.optimizer,
      options.learningRate,
      options.maxNorm === undefined ? 1 : clipFactor(gradNorm, options.maxNorm),
    );
    const average =
      options.averageDecay === undefined
        ? state.average
        : updateAverage(state.average, next.parameters, options.averageDecay);
    return {
      state: {
        parameters: next.parameters,
        optimizer: next.state,
        ...(average === undefined ? {} : { average }),
        windows: state.windows + 1,
        tokens: state.tokens + tokens,
        skipped: state.skipped,
      },
      report: { ...base, step: next.state.step, gradNorm },
    };
  } catch (error) {
    tf.dispose([...gradients.values()]);
    if (!(error instanceof NonFiniteError) || options.onNonFinite !== 'skip') throw error;
    return {
      state: {
        ...state,
        windows: state.windows + 1,
        tokens: state.tokens + tokens,
        skipped: state.skipped + 1,
      },
      report: { ...base, step: state.optimizer.step, gradNorm: Number.NaN, skipped: error.tensor },
    };
  }
}

/** Gradients of (sum of losses) / weight over the micro-batches, that mean loss, added up in float64, and the gradients' sums of squares: all that is read back, in one go. */
async function accumulate<Batch>(
  parameters: ReadonlyMap<string, tf.Tensor>,
  microBatches: readonly Batch[],
  objective: Objective<Batch>,
  weight: number,
): Promise<{ gradients: Map<string, tf.Tensor>; loss: number; squares: ArrayLike<number> }> {
  const names = [...parameters.keys()];
  const tensors = [...parameters.values()];
  let sums: tf.Tensor[] | undefined;
  const losses: tf.Tensor[] = [];
  for (const batch of microBatches) {
    const { value, grads } = tf.valueAndGrads((...xs: tf.Tensor[]) =>
      tf.div(objective.loss(new Map(names.map((name, i) => [name, xs[i]])), batch), weight),
    )(tensors);
    losses.push(value);
    const before = sums;
    sums = before === undefined ? grads : grads.map((g, i) => tf.add(g, before[i]));
    if (before !== undefined) tf.dispose([...grads, ...before]);
  }
  const measured = tf.tidy(() =>
    tf.concat([tf.stack(losses) as tf.Tensor1D, ...(sums!.length === 0 ? [] : [squareSums(sums!)])]),
  );
  tf.dispose(losses);
  const values = await measured.data<'float32'>();
  measured.dispose();
  try {
    // A GPU reports its errors late and leaves stale numbers behind: better no step than a wrong one.
    checkBackend(tf.getBackend());
  } catch (error) {
    tf.dispose(sums!);
    throw error;
  }
  return {
    gradients: new Map(names.map((name, i) => [name, sums![i]])),
    loss: values.subarray(0, losses.length).reduce((a, b) => a + b, 0),
    squares: values.subarray(losses.length),
  };
}
