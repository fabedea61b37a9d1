// Stage 5: comparisons. The fine-tuned model answers new questions four times; a rule says which answer is better. Nothing is added by hand.
import type { TokenRow } from '@ashlar/core';
import {
  bestOfN,
  type EncodedPair,
  pairBatch,
  rewardModelParameters,
  rewardObjective,
  scoreRows,
} from '@ashlar/rlhf';
import * as tf from '@tensorflow/tfjs-core';
import { drawnAnswers, modelOf } from '../answers.ts';
import { type Measured, meanOf, share } from '../evaluate.ts';
import { answerIds, promptIds, row } from '../prompts.ts';
import { judge, questionOf } from '../questions.ts';
import { questionNumber, type Speedrun, shown, writeCard } from '../speedrun-context.ts';
import { gentle, trainedStage } from '../train-stage.ts';

const drawnPerQuestion = 4;
const pairsPerBatch = 16;

/** A question's drawn answers and the rule's scores of them. */
interface Compared {
  readonly number: number;
  readonly texts: readonly string[];
  readonly scores: readonly number[];
}

export interface Comparisons {
  readonly train: readonly EncodedPair[];
  readonly heldOut: readonly EncodedPair[];
  readonly heldOutGroups: readonly Compared[];
}

export async function comparisonsStage(speedrun: Speedrun): Promise<Comparisons> {
  const { run, setting, tokenizer, config, random, card } = speedrun;
  const groups = await run.stage('comparisons', async () => {
    const parameters = await run.parameters('fine-tuning');
    using model = modelOf(config, parameters);
    tf.dispose([...parameters.values()]);
    const numbers = Array.from({ length: setting.comparisons }, (_, i) => questionNumber('comparisons', i));
    const questions = numbers.map((n) => questionOf(random, n));
    const { texts } = await drawnAnswers(model, tokenizer, questions, random, {
      groupSize: drawnPerQuestion,
      lane: 1,
    });
    return numbers.map((number, q): Compared => {
      const own = texts.slice(q * drawnPerQuestion, (q + 1) * drawnPerQuestion);
      return { number, texts: own, scores: own.map((text) => judge(questions[q], text)) };
    });
  });
  const pairs = (of: readonly Compared[]): EncodedPair[] =>
    of.flatMap(({ number, texts, scores }) => {
      const [best, worst] = [scores.indexOf(Math.max(...scores)), scores.indexOf(Math.min(...scores))];
      if (scores[best] === scores[worst]) return [];
      const question = questionOf(random, number);
      return [
        {
          chosen: answerRow(speedrun, question, texts[best]),
          rejected: answerRow(speedrun, question, texts[worst]),
        },
      ];
    });
  const heldOutGroups = groups.filter((_, i) => i % 5 === 0);
  const result = {
    train: pairs(groups.filter((_, i) => i % 5 !== 0)),
    heldOut: pairs(heldOutGroups),
    heldOutGroups,
  };
  if (result.train.length === 0 || result.heldOut.length === 0)
    throw new RangeError(
      `comparisons: expected answers of different worth, got ${result.train.length} pairs to train on and ${result.heldOut.length} held out: train longer or compare more`,
    );
  card.facts['pairs of own answers: trained on, held out'] =
    `${result.train.length}, ${result.heldOut.length}`;
  await writeCard(speedrun);
  return result;
}

export const answerRow = (
  { tokenizer }: Speedrun,
  question: Parameters<typeof judge>[0],
  text: string,
): Required<TokenRow> => row(promptIds(tokenizer, question, 'chat'), answerIds(tokenizer, text));

/** The i-th batch of pairs, in an order that goes round. */
export const pairsAt = (pairs: readonly EncodedPair[]) => (index: number) =>
  pairBatch(
    Array.from(
      { length: Math.min(pairsPerBatch, pairs.length) },
      (_, i) => pairs[(index * pairsPerBatch + i) % pairs.length],
    ),
  );

/** Stage 6: the reward model learns the rule from the comparisons. */
export async function rewardStage(speedrun: Speedrun, comparisons: Comparisons): Promise<void> {
  const { run, setting, config, random } = speedrun;
  await trainedStage(speedrun, {
    name: 'reward-model',
    start: async () => rewardModelParameters(config, await run.parameters('fine-tuning'), random),
    objective: rewardObjective(config, { centerRewardsCoefficient: 0.01 }),
    optimizer: gentle,
    steps: setting.steps.reward,
    peak: 1e-3,
    batchAt: pairsAt(comparisons.train),
  });
  const judged = await run.stage('reward-model-test', async () => {
    const reward = await run.parameters('reward-model');
    const scoresOf = (rows: TokenRow[]): Promise<number[]> => scoreRows(config, reward, rows);
    const chosen = await scoresOf(comparisons.heldOut.map((p) => p.chosen));
    const rejected = await scoresOf(comparisons.heldOut.map((p) => p.rejected));
    const picked: number[] = [];
    for (const { number, texts, scores } of comparisons.heldOutGroups) {
      const question = questionOf(random, number);
      picked.push(scores[bestOfN(await scoresOf(texts.map((text) => answerRow(speedrun, question, text))))]);
    }
    tf.dispose([...reward.values()]);
    const groups = comparisons.heldOutGroups;
    return {
      accuracy: share(chosen.filter((s, i) => s > rejected[i]).length, chosen.length),
      first: meanOf(groups.map((g) => g.scores[0])),
      best: meanOf(picked),
      gain: meanOf(picked.map((s, i) => s - groups[i].scores[0])),
    } satisfies Record<string, Measured>;
  });
  shown(speedrun, 'reward-model', 'held-out pairs put in order', 0.5, judged.accuracy);
  shown(
    speedrun,
    'reward-model',
    'score of one answer, of the best of 4 by it',
    judged.first,
    judged.best,
    judged.gain,
  );
  await writeCard(speedrun);
}
