// Stages 10 and 11: the stages against each other on the same questions, judged by the rule and by the reward model; and a scaling sweep over the same text.
import { disposeTrainState, initParameters, languageModelObjective, type TokenBatch } from '@ashlar/core';
import { fitScalingLaw, leaderboard, scoreRows, trainingFlopsPerToken, type Vote } from '@ashlar/rlhf';
import * as tf from '@tensorflow/tfjs-core';
import { configOf, type Speedrun, writeCard } from '../speedrun-context.ts';
import { fast, trainStage } from '../train-stage.ts';
import { answerRow } from './comparisons.ts';

export async function leaderboardStage(speedrun: Speedrun): Promise<void> {
  const { run, config, card, testQuestions } = speedrun;
  const stages = Object.keys(card.scores);
  const ratings = await run.stage('leaderboard', async () => {
    const reward = await run.parameters('reward-model');
    const result: Record<string, number[]> = {};
    for (const stage of stages) {
      const texts = card.scores[stage].drawnTexts;
      result[stage] = await scoreRows(
        config,
        reward,
        testQuestions.map((q, i) => answerRow(speedrun, q, texts[i])),
      );
    }
    tf.dispose([...reward.values()]);
    return result;
  });
  const votesBy = (scores: (stage: string) => readonly number[]): Vote[] =>
    stages.flatMap((modelA, a) =>
      stages.slice(a + 1).flatMap((modelB) =>
        testQuestions.map((_, q): Vote => {
          const [x, y] = [scores(modelA)[q], scores(modelB)[q]];
          return { modelA, modelB, winner: x > y ? 'a' : x < y ? 'b' : 'tie' };
        }),
      ),
    );
  for (const [title, votes] of [
    ['Stages by the rule', votesBy((stage) => card.scores[stage].drawnScores)],
    ['Stages by the reward model', votesBy((stage) => ratings[stage])],
  ] as const) {
    const rows = leaderboard(votes, { ridge: 0.01 });
    card.boards.push({ title, rows });
    console.log(`  ${title}: ${rows.map((r) => `${r.rank}. ${r.model} ${r.rating.toFixed(0)}`).join(', ')}`);
  }
  await writeCard(speedrun);
}

export async function scalingStage(
  speedrun: Speedrun,
  batchAt: (i: number) => Promise<TokenBatch>,
): Promise<void> {
  const { run, setting, tokenizer, random, card } = speedrun;
  const runs: { parameters: number; tokens: number; loss: number; flops: number }[] = [];
  for (const hiddenSize of setting.sweep.sizes)
    for (const steps of setting.sweep.steps) {
      const shape = {
        numLayers: setting.numLayers,
        hiddenSize,
        intermediateSize: 2 * hiddenSize,
        length: setting.length,
      };
      const config = configOf(shape, tokenizer.vocabSize);
      const name = `scaling-${hiddenSize}-${steps}`;
      const one = await run.stage(name, async () => {
        const { state, curve } = await trainStage(run, {
          name,
          start: async () => initParameters(config, random),
          objective: languageModelObjective(config),
          optimizer: fast,
          steps,
          peak: 4e-3,
          batchAt,
        });
        const parameters = [...state.parameters.values()].reduce((n, t) => n + t.size, 0);
        disposeTrainState(state);
        const tail = curve.slice(-Math.max(3, Math.floor(steps / 10)));
        const tokens = steps * setting.rows * setting.length;
        const dimensions = { ...shape, numHeads: config.numHeads, vocabSize: tokenizer.vocabSize };
        return {
          ...{ parameters, tokens, flops: tokens * trainingFlopsPerToken(dimensions, setting.length) },
          loss: tail.reduce((a, [, l]) => a + l, 0) / tail.length,
        };
      });
      runs.push(one);
    }
  card.scaling = [...new Set(runs.map((r) => r.parameters))].map((n) => ({
    label: `${(n / 1000).toFixed(0)}k`,
    points: runs.filter((r) => r.parameters === n).map((r) => [Math.log10(r.flops), r.loss] as const),
  }));
  if (runs.length >= 9) {
    const law = fitScalingLaw(runs);
    card.notes.push({
      title: 'Scaling law of the sweep',
      lines: [
        `L = ${law.E.toFixed(2)} + ${law.A.toPrecision(3)} / N^${law.alpha.toFixed(2)} + ${law.B.toPrecision(3)} / D^${law.beta.toFixed(2)}, from ${runs.length} tiny runs: a picture, not a forecast`,
      ],
    });
  }
  await writeCard(speedrun);
}
