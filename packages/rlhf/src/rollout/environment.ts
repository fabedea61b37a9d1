// Tasks whose answers a rule can judge: no reward model to please, nothing to hack but the task.

import type { UniformSource } from '@ashlar/sampling';
import { checkOptions } from '../check-options.ts';

/** A stream of prompts, each with a judge. */
export interface Environment {
  /** The i-th prompt, a function of i. */
  prompt(index: number): string;
  /** Reward of an answer to the i-th prompt, usually 0 or 1. */
  reward(index: number, answer: string): number;
}

/** Options of {@link arithmetic}. */
export interface ArithmeticOptions {
  readonly random: UniformSource;
  /** Numbers from 0 to this; default 9. */
  readonly largest?: number;
  /** Default '+'. */
  readonly operator?: '+' | '-' | '*';
  /** The prompt from two numbers; default `3 + 4 =`. */
  readonly ask?: (a: number, b: number) => string;
}

/** Small sums; the reward is 1 when the first number in the answer is right. */
export function arithmetic(options: ArithmeticOptions): Environment {
  checkOptions(options, ['random', 'largest', 'operator', 'ask'], 'arithmetic');
  const { random, largest = 9, operator = '+', ask } = options;
  const numbers = (index: number): [number, number] => {
    const at = (k: number): number => Math.floor(random.uniform('arithmetic', index, 0, k) * (largest + 1));
    return [at(0), at(1)];
  };
  const result = ([a, b]: [number, number]): number =>
    operator === '+' ? a + b : operator === '-' ? a - b : a * b;
  return {
    prompt: (index) => {
      const [a, b] = numbers(index);
      return ask === undefined ? `${a} ${operator} ${b} =` : ask(a, b);
    },
    reward: (index, answer) => (firstNumber(answer) === result(numbers(index)) ? 1 : 0),
  };
}

/** The first integer written in a text, or undefined. */
export function firstNumber(text: string): number | undefined {
  const found = /-?\d+/.exec(text);
  return found === null ? undefined : Number(found[0]);
}

/** The answer of a GSM8K solution: the number after `####`, else the last number; commas and currency signs are dropped. */
export function gsm8kAnswer(text: string): string | undefined {
  const marked = /####\s*([-$\d.,]+)/.exec(text)?.[1];
  const last = text.match(/-?\$?\d[\d,]*(?:\.\d+)?/g)?.at(-1);
  const found = (marked ?? last)?.replace(/[$,]/g, '').replace(/\.0*$/, '').replace(/\.$/, '');
  return found === undefined || found === '' || Number.isNaN(Number(found)) ? undefined : found;
}

/** GSM8K problems `{question, answer}` as an environment; the reward is 1 for the right final number. */
export function gsm8k(
  problems: readonly { readonly question: string; readonly answer: string }[],
): Environment {
  return {
    prompt: (index) => problems[index % problems.length].question,
    reward: (index, answer) => {
      const expected = gsm8kAnswer(problems[index % problems.length].answer);
      return expected !== undefined && gsm8kAnswer(answer) === expected ? 1 : 0;
    },
  };
}
