// How a question is put to a model: a page of the open web to one that has only read the web, a conversation to one that was fine-tuned.
import { padRows, type TokenBatch, type TokenRow } from '@ashlar/core';
import type { Tokenizer } from '@ashlar/tokenizer';
import type { Question } from './questions.ts';
import { answerEnd, calculatorWord, documentEnd } from './run-tokenizer.ts';

export type Manner = 'page' | 'chat';

export const userText = ({ passage, ask }: Question): string => (passage === '' ? ask : `${passage} ${ask}`);

/** Ids up to where the answer begins. */
export function promptIds(tokenizer: Tokenizer, question: Question, manner: Manner): number[] {
  return manner === 'page'
    ? tokenizer.encode(`${question.passage}\nQuestion: ${question.ask}\nAnswer:`)
    : tokenizer.encodeChat([{ role: 'user', content: userText(question) }]);
}

/** Ids of an answer and its end. An answer begins with a space, so that its first word is the same token as in a text. */
export const answerIds = (tokenizer: Tokenizer, answer: string, end = answerEnd): number[] => [
  ...tokenizer.encode(` ${answer}`),
  end,
];

/** A page as it stands in the pretraining text. */
export const pageIds = (tokenizer: Tokenizer, question: Question): number[] => [
  ...promptIds(tokenizer, question, 'page'),
  ...answerIds(tokenizer, question.webAnswer, documentEnd),
];

/** Prompt (not learned) and answer (learned). */
export function row(
  prompt: readonly number[],
  answer: readonly number[],
  learned?: readonly number[],
): Required<TokenRow> {
  return {
    ids: [...prompt, ...answer],
    mask: [...prompt.map(() => 0), ...(learned ?? answer.map(() => 1))],
  };
}

/** The special word as an example teaches it: the call is learned, the result is not (the tool will put it there), the end is. */
export function calculatorRow(tokenizer: Tokenizer, question: Question): Required<TokenRow> {
  const [, a, b] = /(\d+) \+ (\d+)/.exec(question.ask) as RegExpExecArray;
  const call = [calculatorWord, ...tokenizer.encode(` ${a} + ${b} |`)];
  const result = tokenizer.encode(` |RESULT| ${question.answer} |`);
  return row(
    promptIds(tokenizer, question, 'chat'),
    [...call, ...result, answerEnd],
    [...call.map(() => 1), ...result.map(() => 0), 1],
  );
}

/** Rows as a batch whose width is a multiple of 16: few shapes, so that memory is used again. */
export const batchOf = (rows: readonly TokenRow[]): TokenBatch =>
  padRows(rows, 16 * Math.ceil(Math.max(...rows.map((r) => r.ids.length)) / 16));
