// How good a stage is, by rule: greedy answers to test questions, with intervals; and answers drawn at temperature 1, for comparing stages.
import { createModel, generateBatch, type Model, type ModelConfig } from '@ashlar/core';
import { type Rollout, rollouts } from '@ashlar/rlhf';
import type { Random } from '@ashlar/sampling';
import type { Tokenizer } from '@ashlar/tokenizer';
import * as tf from '@tensorflow/tfjs-core';
import { calculate, doNotKnow, judge, type Question, type QuestionKind } from './questions.ts';

export const longestAnswer = 12;

/** A model over copies of parameters; dispose it. */
export function modelOf(config: ModelConfig, parameters: ReadonlyMap<string, tf.Tensor>): Model {
  return createModel({
    config,
    parameters: new Map([...parameters].map(([name, t]) => [name, tf.keep(tf.clone(t))])),
    assets: { format: 'huggingface', file: async () => undefined },
    hash: 'speedrun',
    cache: { cacheTokens: 64 * 1024, pageSize: 16 },
  });
}

export const wordsOf = (tokenizer: Tokenizer, ids: readonly number[]): string =>
  ids
    .filter((id) => id > 2)
    .map((id) => new TextDecoder().decode(tokenizer.tokenBytes(id)))
    .join(' ');

/** Greedy answers. When a model writes a CALCULATOR line, the calculator's digits are the answer. */
export async function greedyAnswers(
  model: Model,
  tokenizer: Tokenizer,
  questions: readonly Question[],
): Promise<string[]> {
  const answers: number[][] = questions.map(() => []);
  const prompts = questions.map((q) => tokenizer.encode(q.prompt));
  for (let at = 0; at < prompts.length; at += 48)
    for await (const step of generateBatch(model, prompts.slice(at, at + 48), {
      maxNewTokens: longestAnswer,
      stopIds: [1],
    }))
      answers[at + step.sequence].push(step.id);
  return answers.map((ids) => {
    const text = wordsOf(tokenizer, ids);
    return calculate(text) ?? text;
  });
}

/** One answer drawn at temperature 1 for every question. */
export async function drawnAnswers(
  model: Model,
  tokenizer: Tokenizer,
  questions: readonly Question[],
  random: Random,
  groupSize = 1,
): Promise<{ drawn: Rollout[]; texts: string[] }> {
  const drawn: Rollout[] = [];
  for (let at = 0; at < questions.length; at += 48) {
    const part = questions.slice(at, at + 48).map((q) => tokenizer.encode(q.prompt));
    const got = await rollouts(model, part, {
      groupSize,
      maxNewTokens: longestAnswer,
      random,
      round: at,
      stopIds: [1],
    });
    drawn.push(...got.map((r) => ({ ...r, prompt: r.prompt + at })));
  }
  return { drawn, texts: drawn.map((r) => wordsOf(tokenizer, r.ids)).map((text) => calculate(text) ?? text) };
}

/** A share with its 95 % Wilson interval. */
export interface Share {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly of: number;
}

export function share(hits: number, of: number): Share {
  const z = 1.96;
  const p = hits / Math.max(1, of);
  const middle = (p + (z * z) / (2 * of)) / (1 + (z * z) / of);
  const half = (z / (1 + (z * z) / of)) * Math.sqrt((p * (1 - p)) / of + (z * z) / (4 * of * of));
  return { value: p, low: Math.max(0, middle - half), high: Math.min(1, middle + half), of };
}

export interface Scores {
  /** Right answers by kind of question. */
  readonly right: Readonly<Record<QuestionKind, Share>>;
  /** Right answers to what can be known, sums aside. */
  readonly knowable: Share;
  /** Unknowable questions that got an answer all the same. */
  readonly madeUp: Share;
  readonly examples: readonly { prompt: string; answer: string; right: boolean }[];
}

export async function scoreModel(
  model: Model,
  tokenizer: Tokenizer,
  questions: readonly Question[],
): Promise<Scores> {
  const answers = await greedyAnswers(model, tokenizer, questions);
  const kinds: readonly QuestionKind[] = ['who', 'kind', 'want', 'where', 'sum', 'unknown'];
  const rows = questions.map((q, i) => ({ q, answer: answers[i], right: judge(q, answers[i]) === 1 }));
  const of = (pick: (q: Question) => boolean, hit: (row: (typeof rows)[number]) => boolean): Share => {
    const own = rows.filter((row) => pick(row.q));
    return share(own.filter(hit).length, own.length);
  };
  return {
    right: Object.fromEntries(
      kinds.map((k) => [
        k,
        of(
          (q) => q.kind === k,
          (r) => r.right,
        ),
      ]),
    ) as Record<QuestionKind, Share>,
    knowable: of(
      (q) => q.kind !== 'unknown' && q.kind !== 'sum',
      (r) => r.right,
    ),
    madeUp: of(
      (q) => q.kind === 'unknown',
      (r) => r.answer.toLowerCase() !== doNotKnow.toLowerCase(),
    ),
    examples: rows.slice(0, 8).map(({ q, answer, right }) => ({ prompt: q.prompt, answer, right })),
  };
}
