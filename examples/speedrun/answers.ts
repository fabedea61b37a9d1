// What a model answers: greedily, with the tools package's dispatcher running the calls it writes, and drawn at temperature 1.
import { createModel, generateBatch, type Model, type ModelConfig } from '@ashlar/core';
import { rollouts } from '@ashlar/rlhf';
import type { Random } from '@ashlar/sampling';
import type { Tokenizer } from '@ashlar/tokenizer';
import { inlineEngine, runTools, scriptedEngine } from '@ashlar/tools';
import { calculator } from '@ashlar/tools/calculator';
import * as tf from '@tensorflow/tfjs-core';
import { type Manner, promptIds, userText } from './prompts.ts';
import type { Question } from './questions.ts';
import { answerEnd, calculatorWord, documentEnd } from './run-tokenizer.ts';

export const longestAnswer = 16;
/** An answer ends with its end token, a document's end, or the bar that closes a call, whose result is the dispatcher's business. */
export const stopIds = (tokenizer: Tokenizer): number[] => [
  answerEnd,
  documentEnd,
  tokenizer.encode(' |').at(-1) as number,
];

/** A model over copies of parameters; dispose it. `ends`: the ids that end what it draws. */
export function modelOf(
  config: ModelConfig,
  parameters: ReadonlyMap<string, tf.Tensor>,
  ends: readonly number[] = config.eosTokenIds,
): Model {
  return createModel({
    config: { ...config, eosTokenIds: ends },
    parameters: new Map([...parameters].map(([name, t]) => [name, tf.keep(tf.clone(t))])),
    assets: { format: 'huggingface', file: async () => undefined },
    hash: 'speedrun',
    cache: { cacheTokens: 64 * 1024, pageSize: 16 },
  });
}

/** The text of drawn ids; a special word keeps its name, so that the dispatcher can read it. */
export const textOf = (tokenizer: Tokenizer, ids: readonly number[]): string =>
  ids
    .filter((id) => id > answerEnd)
    .map((id) =>
      id === calculatorWord ? '|CALCULATOR|' : new TextDecoder().decode(tokenizer.tokenBytes(id)),
    )
    .join('')
    .trim();

/** What a drawn text comes to: the result of the call in it, run by the dispatcher, or the text. */
export async function executed(text: string): Promise<string> {
  if (!text.includes('|CALCULATOR|')) return text;
  const engine = scriptedEngine([text, ''], { format: 'special-words' });
  const { calls } = await runTools({ engine, tools: [calculator()], messages: [] }).result;
  return calls[0]?.outcome.text ?? text;
}

/** Greedy answers. One that calls is generated again through the dispatcher, which puts the result in and lets the model go on. */
export async function greedyAnswers(
  model: Model,
  tokenizer: Tokenizer,
  questions: readonly Question[],
  manner: Manner,
): Promise<string[]> {
  const answers: number[][] = questions.map(() => []);
  const prompts = questions.map((q) => promptIds(tokenizer, q, manner));
  for (let at = 0; at < prompts.length; at += 64)
    for await (const step of generateBatch(model, prompts.slice(at, at + 64), {
      maxNewTokens: longestAnswer,
      stopIds: stopIds(tokenizer),
    }))
      answers[at + step.sequence].push(step.id);
  const texts: string[] = [];
  for (const [i, ids] of answers.entries())
    texts.push(
      ids.includes(calculatorWord)
        ? await answerWithTools(model, tokenizer, questions[i])
        : textOf(tokenizer, ids),
    );
  return texts;
}

/** The tools package's own loop over the model: the call is read while it is written, run, and its result forced into the same sequence. */
export async function answerWithTools(
  model: Model,
  tokenizer: Tokenizer,
  question: Question,
): Promise<string> {
  const engine = inlineEngine({
    model,
    codec: tokenizer,
    format: 'special-words',
    maxNewTokens: 2 * longestAnswer,
  });
  try {
    const messages = [{ role: 'user' as const, content: userText(question) }];
    const { calls, text } = await runTools({ engine, tools: [calculator()], messages }).result;
    return calls.at(-1)?.outcome.text ?? text.trim();
  } finally {
    engine.dispose();
  }
}

/** Answers drawn at temperature 1, `groupSize` a question, in the order of the questions; calls are run. */
export async function drawnAnswers(
  model: Model,
  tokenizer: Tokenizer,
  questions: readonly Question[],
  random: Random,
  { groupSize = 1, manner = 'chat', lane = 0 }: { groupSize?: number; manner?: Manner; lane?: number } = {},
): Promise<{ texts: string[]; ids: (readonly number[])[] }> {
  const ids: (readonly number[])[] = [];
  for (let at = 0; at < questions.length; at += 64) {
    const part = questions.slice(at, at + 64).map((q) => promptIds(tokenizer, q, manner));
    const got = await rollouts(model, part, {
      ...{ groupSize, random, maxNewTokens: longestAnswer },
      round: lane * 100_000 + at,
      stopIds: stopIds(tokenizer),
    });
    ids.push(...got.map((r) => r.ids));
  }
  const texts = await Promise.all(ids.map((own) => executed(textOf(tokenizer, own))));
  return { texts, ids };
}
