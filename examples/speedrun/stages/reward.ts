// Stage 6: the reward model learns the rule from the comparisons. It is judged by questions it has not seen: does it order two answers, and is its choice of four better than the first of them?
import { bestOfN, rewardModelParameters, rewardObjective, scoreRows } from '@ashlar/rlhf';
import * as tf from '@tensorflow/tfjs-core';
import { type Measured, meanOf, share } from '../evaluate.ts';
import { type Speedrun, shown, writeCard } from '../speedrun-context.ts';
import { gentle, trainedStage } from '../train-stage.ts';
import { answerRow, type Comparisons, pairsAt, pairsOf } from './comparisons.ts';

export async function rewardStage(speedrun: Speedrun, { train, heldOut }: Comparisons): Promise<void> {
  const { run, setting, config, random } = speedrun;
  await trainedStage(speedrun, {
    name: 'reward-model',
    start: async () => rewardModelParameters(config, await run.parameters('fine-tuning'), random),
    objective: rewardObjective(config, { centerRewardsCoefficient: 0.01 }),
    optimizer: gentle,
    steps: setting.steps.reward,
    peak: 1e-3,
    batchAt: pairsAt(train),
  });
  const judged = await run.stage('reward-model-test', async () => {
    const reward = await run.parameters('reward-model');
    const pairs = heldOut.flatMap((group) => pairsOf(speedrun, group));
    const chosen = await scoreRows(
      config,
      reward,
      pairs.map((p) => p.chosen),
    );
    const rejected = await scoreRows(
      config,
      reward,
      pairs.map((p) => p.rejected),
    );
    const all = await scoreRows(
      config,
      reward,
      heldOut.flatMap(({ question, texts }) => texts.map((text) => answerRow(speedrun, question, text))),
      64,
    );
    tf.dispose([...reward.values()]);
    let at = 0;
    const picked = heldOut.map(({ scores }) => {
      const own = all.slice(at, at + scores.length);
      at += scores.length;
      return scores[bestOfN(own)];
    });
    const first = heldOut.map(({ scores }) => scores[0]);
    return {
      accuracy: share(chosen.filter((s, i) => s > rejected[i]).length, chosen.length),
      first: meanOf(first),
      best: meanOf(picked),
      gain: meanOf(picked.map((s, i) => s - first[i])),
      // What a judge who knows the rule would have chosen.
      ceiling: meanOf(heldOut.map(({ scores }) => Math.max(...scores))),
    } satisfies Record<string, Measured>;
  });
  shown(speedrun, 'reward-model', 'held-out pairs put in order', 0.5, judged.accuracy);
  shown(
    speedrun,
    'reward-model',
    `score of one answer, of the best of 4 by it (by the rule itself ${judged.ceiling.value.toFixed(3)})`,
    ...([judged.first, judged.best, judged.gain] as const),
  );
  await writeCard(speedrun);
}
