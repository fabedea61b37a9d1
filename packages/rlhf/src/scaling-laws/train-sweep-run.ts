// One run of a sweep, trained here: a Llama-like decoder of the run's shape on a stream of tokens, its loss on held-out windows.
import {
  adamw,
  cosineSchedule,
  disposeTrainState,
  initParameters,
  initTrainState,
  languageModelObjective,
  parseModelConfig,
  type TokenSource,
  type TrainState,
  tokenWindows,
  train,
} from '@ashlar/core';
import type { UniformSource } from '@ashlar/sampling';
import * as tf from '@tensorflow/tfjs-core';
import { checkOptions } from '../check-options.ts';
import type { FlopShape } from './plan.ts';
import type { SweepRun } from './sweep.ts';

/** Options of {@link sweepTrainer}. */
export interface SweepTrainerOptions {
  readonly tokens: TokenSource;
  /** Held-out tokens of the same text. */
  readonly validation: TokenSource;
  /** Tokens a row: the context length of the plan. */
  readonly length: number;
  /** Rows a step; default 8. */
  readonly rows?: number;
  readonly random: UniformSource;
  /** Highest learning rate of a shape; default 0.01 (32 / hiddenSize)^0.5, falling to a tenth by cosine. */
  readonly learningRate?: (shape: FlopShape) => number;
  /** Rows of held-out text that are measured; default 32. */
  readonly validationRows?: number;
}

/** A function for `runSweep` that trains each run on the current backend and answers its held-out loss, nats a token. */
export function sweepTrainer(
  options: SweepTrainerOptions,
): (run: SweepRun, signal?: AbortSignal) => Promise<number> {
  checkOptions(
    options,
    ['tokens', 'validation', 'length', 'rows', 'random', 'learningRate', 'validationRows'],
    'sweepTrainer',
  );
  const { tokens, validation, length, rows = 8, random, validationRows = 32 } = options;
  const peakOf = options.learningRate ?? (({ hiddenSize }) => 0.01 * Math.sqrt(32 / hiddenSize));
  return async ({ shape, tokens: count }, signal) => {
    const config = parseModelConfig({
      model_type: 'llama',
      vocab_size: shape.vocabSize,
      hidden_size: shape.hiddenSize,
      intermediate_size: shape.intermediateSize,
      num_hidden_layers: shape.numLayers,
      num_attention_heads: shape.numHeads,
      num_key_value_heads: shape.numKeyValueHeads ?? shape.numHeads,
      ...(shape.headDim === undefined ? {} : { head_dim: shape.headDim }),
      max_position_embeddings: length,
      rms_norm_eps: 1e-6,
      tie_word_embeddings: true,
    });
    if (shape.gatedMlp === false)
      throw new RangeError('gatedMlp: expected true for a Llama-like run, got false');
    const steps = Math.max(1, Math.round(count / (rows * length)));
    const peak = peakOf(shape);
    const optimizer = adamw({ weightDecay: 0.1 });
    const objective = languageModelObjective(config);
    const state = await train(initTrainState(initParameters(config, random), optimizer), {
      objective,
      optimizer,
      schedule: cosineSchedule({
        peak,
        minimum: peak / 10,
        warmupSteps: Math.floor(steps / 20),
        totalSteps: steps,
      }),
      steps,
      batchAt: tokenWindows(tokens, { rows, length, random }),
      ...(signal === undefined ? {} : { signal }),
    });
    try {
      signal?.throwIfAborted();
      return await heldOutLoss(state);
    } finally {
      disposeTrainState(state);
    }

    async function heldOutLoss({ parameters }: TrainState): Promise<number> {
      const windows = Math.floor((validation.length - 1) / (length - 1));
      const wanted = Math.min(validationRows, windows);
      const batch = await tokenWindows(validation, { rows: wanted, length, random })(0);
      const sum = tf.tidy(() => objective.loss(parameters, batch));
      const [total] = await sum.data();
      sum.dispose();
      return total / objective.weight(batch);
    }
  };
}
