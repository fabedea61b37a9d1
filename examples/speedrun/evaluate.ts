// How good a stage is, by rule: greedy answers to test questions and answers drawn at temperature 1, with intervals.
import type { Model } from '@ashlar/core';
import type { Random } from '@ashlar/sampling';
import type { Tokenizer } from '@ashlar/tokenizer';
import { drawnAnswers, greedyAnswers } from './answers.ts';
import type { Manner } from './prompts.ts';
import { isMadeUp, judge, type Question, type QuestionKind, questionKinds } from './questions.ts';

/** A number with its 95 % interval. */
export interface Measured {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly of: number;
}

/** A share with its Wilson interval. */
export function share(hits: number, of: number): Measured {
  if (of === 0) return { value: 0, low: 0, high: 1, of };
  const z = 1.96;
  const p = hits / of;
  const middle = (p + (z * z) / (2 * of)) / (1 + (z * z) / of);
  const half = (z / (1 + (z * z) / of)) * Math.sqrt((p * (1 - p)) / of + (z * z) / (4 * of * of));
  return { value: p, low: Math.max(0, middle - half), high: Math.min(1, middle + half), of };
}

/** A mean with its normal interval. */
export function meanOf(values: readonly number[]): Measured {
  const of = values.length;
  const value = values.reduce((a, b) => a + b, 0) / of;
  const variance = values.reduce((a, b) => a + (b - value) ** 2, 0) / Math.max(1, of - 1);
  const half = 1.96 * Math.sqrt(variance / of);
  return { value, low: value - half, high: value + half, of };
}

export interface Scores {
  /** Right greedy answers by kind of question. */
  readonly right: Readonly<Record<QuestionKind, Measured>>;
  /** Right greedy answers to what can be known, sums aside. */
  readonly knowable: Measured;
  /** Unknowable questions that got an answer all the same: greedy, and drawn. */
  readonly madeUp: Measured;
  readonly madeUpDrawn: Measured;
  /** The rule's score of one drawn answer a question, and each of them: other stages drew with the same random numbers. */
  readonly drawn: Measured;
  readonly drawnScores: readonly number[];
  readonly drawnTexts: readonly string[];
  readonly examples: readonly { readonly prompt: string; readonly answer: string; readonly right: boolean }[];
}

export async function scoreModel(
  model: Model,
  tokenizer: Tokenizer,
  questions: readonly Question[],
  random: Random,
  manner: Manner,
): Promise<Scores> {
  const answers = await greedyAnswers(model, tokenizer, questions, manner);
  const { texts } = await drawnAnswers(model, tokenizer, questions, random, { manner });
  const rows = questions.map((q, i) => ({
    q,
    answer: answers[i],
    drawn: texts[i],
    right: judge(q, answers[i]) === 1,
  }));
  const of = (pick: (q: Question) => boolean, hit: (r: (typeof rows)[number]) => boolean): Measured => {
    const own = rows.filter((r) => pick(r.q));
    return share(own.filter(hit).length, own.length);
  };
  const drawnScores = rows.map((r) => judge(r.q, r.drawn));
  const rightOf = (kind: QuestionKind): Measured =>
    of(
      (q) => q.kind === kind,
      (r) => r.right,
    );
  const unknown = (q: Question): boolean => q.kind === 'unknown';
  return {
    right: Object.fromEntries(questionKinds.map((k) => [k, rightOf(k)])) as Record<QuestionKind, Measured>,
    knowable: of(
      (q) => q.kind !== 'unknown' && q.kind !== 'sum',
      (r) => r.right,
    ),
    madeUp: of(unknown, (r) => isMadeUp(r.answer)),
    madeUpDrawn: of(unknown, (r) => isMadeUp(r.drawn)),
    drawn: meanOf(drawnScores),
    drawnScores,
    drawnTexts: texts,
    examples: rows
      .slice(0, 10)
      .map(({ q, answer, right }) => ({ prompt: `${q.passage} ${q.ask}`, answer, right })),
  };
}
