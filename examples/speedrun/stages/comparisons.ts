// Stage 5: comparisons. The fine-tuned model answers new questions four times; a rule says which answer is better. Nothing is added by hand.
import type { TokenRow } from '@ashlar/core';
import { type EncodedPair, pairBatch } from '@ashlar/rlhf';
import * as tf from '@tensorflow/tfjs-core';
import { drawnAnswers, modelOf } from '../answers.ts';
import { answerIds, promptIds, row } from '../prompts.ts';
import { judge, type Question, questionOf } from '../questions.ts';
import { judgedQuestions, questionNumber, type Speedrun, writeCard } from '../speedrun-context.ts';

const drawnPerQuestion = 4;
const pairsPerBatch = 32;

/** A question, its drawn answers and the rule's scores of them. */
export interface Compared {
  readonly question: Question;
  readonly texts: readonly string[];
  readonly scores: readonly number[];
}

export interface Comparisons {
  readonly train: readonly EncodedPair[];
  /** Of judged questions: what a reward model has to order and to choose from. */
  readonly heldOut: readonly Compared[];
}

/** What is compared: every ninth is a question that its passage does not answer, for that is where the demonstrations were careless. */
export const comparedQuestion = (random: Speedrun['random'], i: number): Question =>
  questionOf(random, questionNumber('comparisons', i), i % 9 === 0 ? { kind: 'unknown' } : {});

export async function comparisonsStage(speedrun: Speedrun): Promise<Comparisons> {
  const { run, setting, tokenizer, config, random, card } = speedrun;
  const compare = (name: string, questions: readonly Question[], lane: number): Promise<Compared[]> =>
    run.stage(name, async () => {
      const parameters = await run.parameters('fine-tuning');
      using model = modelOf(config, parameters);
      tf.dispose([...parameters.values()]);
      const { texts } = await drawnAnswers(model, tokenizer, questions, random, {
        ...{ groupSize: drawnPerQuestion, lane },
      });
      return questions.map((question, q): Compared => {
        const own = texts.slice(q * drawnPerQuestion, (q + 1) * drawnPerQuestion);
        return { question, texts: own, scores: own.map((text) => judge(question, text)) };
      });
    });
  const asked = Array.from({ length: setting.comparisons }, (_, i) => comparedQuestion(random, i));
  const groups = await compare('comparisons', asked, 1);
  const heldOut = await compare(
    'judged-comparisons',
    judgedQuestions(speedrun, 1_000_000, setting.bestOf),
    3,
  );
  const train = groups.flatMap((group) => pairsOf(speedrun, group));
  const judged = heldOut.flatMap((group) => pairsOf(speedrun, group));
  if (train.length === 0 || judged.length === 0)
    throw new RangeError(
      `comparisons: expected answers of different worth, got ${train.length} pairs to train on and ${judged.length} held out: train longer or compare more`,
    );
  card.facts['pairs of own answers: trained on, held out'] = `${train.length}, ${judged.length}`;
  await writeCard(speedrun);
  return { train, heldOut };
}

/** Every two different answers of a group of which the rule likes one better. */
export function pairsOf(speedrun: Speedrun, { question, texts, scores }: Compared): EncodedPair[] {
  const distinct = [...new Set(texts)].map((text) => ({ text, score: scores[texts.indexOf(text)] }));
  return distinct.flatMap((better) =>
    distinct
      .filter(({ score }) => score < better.score)
      .map((worse) => ({
        chosen: answerRow(speedrun, question, better.text),
        rejected: answerRow(speedrun, question, worse.text),
      })),
  );
}

export const answerRow = ({ tokenizer }: Speedrun, question: Question, text: string): Required<TokenRow> =>
  row(promptIds(tokenizer, question, 'chat'), answerIds(tokenizer, text));

/** The i-th batch of pairs, in an order that goes round. */
export const pairsAt = (pairs: readonly EncodedPair[]) => (index: number) =>
  pairBatch(
    Array.from(
      { length: Math.min(pairsPerBatch, pairs.length) },
      (_, i) => pairs[(index * pairsPerBatch + i) % pairs.length],
    ),
  );
