// A training stage: core's one trainer, saving as it goes, so that a stage that was killed goes on in its middle.
import {
  adamw,
  byGroup,
  cosineSchedule,
  disposeTrainState,
  initTrainState,
  isHiddenMatrix,
  muon,
  type Objective,
  progressLine,
  type TrainState,
  train,
} from '@ashlar/core';
import type * as tf from '@tensorflow/tfjs-core';
import { modelOf } from './answers.ts';
import { type Scores, scoreModel } from './evaluate.ts';
import type { Manner } from './prompts.ts';
import type { Curve, RunFolder } from './run-folder.ts';
import { type Speedrun, writeCard } from './speedrun-context.ts';

/** Rates are AdamW's; Muon's, for the matrices of the layers, is five times that. */
export const fast = byGroup([
  { match: isHiddenMatrix, optimizer: muon({ weightDecay: 0.01 }), learningRateScale: 5 },
  { match: () => true, optimizer: adamw({ weightDecay: 0 }) },
]);
export const gentle = adamw({ weightDecay: 0.01 });

export interface TrainingTask<Batch> {
  readonly name: string;
  readonly start: () => Promise<ReadonlyMap<string, tf.Tensor>>;
  readonly objective: Objective<Batch>;
  readonly optimizer: typeof fast;
  readonly steps: number;
  readonly peak: number;
  readonly batchAt: (index: number) => Batch | Promise<Batch>;
}

export interface Trained {
  readonly state: TrainState;
  readonly curve: Curve;
  /** Of this invocation. */
  readonly tokensPerSecond: number;
}

/** Trains a stage to its end, from where an earlier attempt had got to. */
export async function trainStage<Batch>(run: RunFolder, task: TrainingTask<Batch>): Promise<Trained> {
  const { name, steps, optimizer } = task;
  const saved = await run.load(name);
  const state = saved?.state ?? initTrainState(await task.start(), optimizer);
  const curve: Curve = saved?.curve ?? [];
  if (saved !== undefined) console.log(`  going on at step ${state.optimizer.step} of ${steps}`);
  const every = Math.max(1, Math.floor(steps / 10));
  let [tokens, seconds] = [0, 0];
  const end = await train(state, {
    ...{ objective: task.objective, optimizer, steps, batchAt: task.batchAt },
    schedule: cosineSchedule({
      peak: task.peak,
      minimum: task.peak / 20,
      warmupSteps: Math.floor(steps / 20),
      totalSteps: steps,
    }),
    onStep(entry) {
      curve.push([entry.step, entry.loss]);
      tokens += entry.tokens;
      seconds += entry.secondsPerStep;
      if (entry.step % every === 0) console.log(`  ${progressLine(entry, steps)}`);
    },
    save: { every, run: (now) => run.save(name, now, curve) },
  });
  return { state: end, curve, tokensPerSecond: tokens / Math.max(1e-9, seconds) };
}

export interface StageResult {
  readonly curve: Curve;
  readonly tokensPerSecond: number;
  readonly scores?: Scores;
}

/** A training stage that leaves its state and, with a manner of asking, its scores; both go on the card. */
export async function trainedStage<B>(
  speedrun: Speedrun,
  task: TrainingTask<B>,
  manner?: Manner,
): Promise<StageResult> {
  const { run, card, tokenizer, config, testQuestions, random } = speedrun;
  const result = await run.stage(task.name, async (): Promise<StageResult> => {
    const { state, curve, tokensPerSecond } = await trainStage(run, task);
    if (manner === undefined) {
      disposeTrainState(state);
      return { curve, tokensPerSecond };
    }
    const model = modelOf(config, state.parameters);
    const scores = await scoreModel(model, tokenizer, testQuestions, random, manner);
    model.dispose();
    disposeTrainState(state);
    return { curve, tokensPerSecond, scores };
  });
  card.curves[task.name] = result.curve;
  if (result.scores !== undefined) card.scores[task.name] = result.scores;
  await writeCard(speedrun);
  return result;
}
