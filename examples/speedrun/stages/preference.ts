// Stages 7 and 8: preferring the better answers (DPO on the comparisons), then drawing, judging and improving (GRPO against the rule).
import { constantSchedule, disposeTrainState, initTrainState } from '@ashlar/core';
import { dpoLoss, preferenceObjective, trainPolicy, withReference } from '@ashlar/rlhf';
import * as tf from '@tensorflow/tfjs-core';
import { executed, longestAnswer, modelOf, stopIds, textOf } from '../answers.ts';
import { meanOf, type Scores, scoreModel } from '../evaluate.ts';
import { promptIds } from '../prompts.ts';
import { judge, questionOf } from '../questions.ts';
import { questionNumber, type Speedrun, shown, writeCard } from '../speedrun-context.ts';
import { gentle, type StageResult, trainedStage } from '../train-stage.ts';
import { type Comparisons, pairsAt } from './comparisons.ts';

const questionsPerRound = 16;

/** Puts the gain in the rule's score of drawn answers on the card: the stages drew with the same random numbers. */
export function showGain(speedrun: Speedrun, stage: string, before: Scores, after: Scores): void {
  const gain = meanOf(after.drawnScores.map((s, i) => s - before.drawnScores[i]));
  shown(speedrun, stage, "rule's score of a drawn answer", before.drawn, after.drawn, gain);
  shown(speedrun, stage, 'made up what nobody told (drawn)', before.madeUpDrawn, after.madeUpDrawn);
}

export async function dpoStage(speedrun: Speedrun, comparisons: Comparisons): Promise<void> {
  const { run, setting, config, card } = speedrun;
  const reference = await run.parameters('fine-tuning');
  const known = await withReference(config, reference, comparisons.train, 16);
  tf.dispose([...reference.values()]);
  const { scores } = await trainedStage(
    speedrun,
    {
      name: 'dpo',
      start: () => run.parameters('fine-tuning'),
      // With the likelihood of the better answer added: DPO alone is content when both fall, and a copied name does not survive that.
      objective: preferenceObjective(config, (pair, likelihood) =>
        tf.add(dpoLoss(pair, { beta: 0.1 }), tf.mul(likelihood, 1)),
      ),
      optimizer: gentle,
      steps: setting.steps.dpo,
      peak: 2e-4,
      batchAt: pairsAt(known),
    },
    'chat',
  );
  if (scores !== undefined) showGain(speedrun, 'dpo', card.scores['fine-tuning'], scores);
  await writeCard(speedrun);
}

export async function grpoStage(speedrun: Speedrun): Promise<void> {
  const { run, setting, config, tokenizer, random, testQuestions, card } = speedrun;
  const result = await run.stage('grpo', async (): Promise<StageResult> => {
    const saved = await run.load('grpo');
    const curve = saved?.curve ?? [];
    const reference = await run.parameters('dpo');
    const start = saved?.state ?? initTrainState(await run.parameters('dpo'), gentle);
    const model = modelOf(config, start.parameters, stopIds(tokenizer));
    if (saved !== undefined) console.log(`  going on at round ${start.windows} of ${setting.steps.grpo}`);
    const state = await trainPolicy(start, {
      model,
      optimizer: gentle,
      // A small rate and a penalty to the policy it started from: Adam's first steps are of the rate's size however weak the signal is.
      schedule: constantSchedule({ peak: 1e-4, warmupSteps: 5 }),
      objective: { beta: 0.02 },
      advantage: 'mean-only',
      reference,
      rounds: setting.steps.grpo,
      firstRound: start.windows,
      groupSize: 8,
      maxNewTokens: longestAnswer,
      random,
      promptsAt: (round) =>
        Array.from({ length: questionsPerRound }, (_, i) => {
          const question = questionOf(random, questionNumber('rounds', round * questionsPerRound + i));
          return {
            ids: promptIds(tokenizer, question, 'chat'),
            reward: async (ids) => judge(question, await executed(textOf(tokenizer, ids))),
          };
        }),
      async onRound({ round, reward, kl, fractionEqual }, now) {
        curve.push([round + 1, reward]);
        if ((round + 1) % 5 !== 0 && round + 1 !== setting.steps.grpo) return;
        console.log(
          `  round ${round + 1}: reward ${reward.toFixed(3)}, KL ${kl?.toFixed(4)}, groups without a difference ${fractionEqual.toFixed(2)}`,
        );
        await run.save('grpo', now, curve);
      },
    });
    model.dispose();
    const judged = modelOf(config, state.parameters);
    const scores = await scoreModel(judged, tokenizer, testQuestions, random, 'chat');
    judged.dispose();
    disposeTrainState(state);
    tf.dispose([...reference.values()]);
    return { curve, tokensPerSecond: 0, scores };
  });
  card.curves['grpo: mean reward of a round'] = result.curve;
  if (result.scores !== undefined) {
    card.scores['grpo'] = result.scores;
    showGain(speedrun, 'grpo', card.scores['dpo'], result.scores);
  }
  await writeCard(speedrun);
}
