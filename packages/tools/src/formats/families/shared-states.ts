// States that several families share: where content may turn into reasoning, and reasoning back into content.
import type { Mark, TextState } from '../format.ts';

/** `<think>` ... `</think>`; a stray `</think>` at the very beginning is the end of a block that the prompt opened. */
export const thinkMarks: readonly Mark[] = [
  { at: ['<think>'], to: 'reasoning' },
  { at: ['</think>'], to: 'content', first: true, act: 'drop' },
];

/** A reasoning state that `close` ends. */
export function reasoningUntil(close: string): TextState {
  return { kind: 'text', as: 'reasoning', marks: [{ at: [close], to: 'content' }] };
}

/** The prompt's tails after which the reply begins inside the reasoning. */
export const thinkStarts = [
  { promptEndsWith: '<think>\n', state: 'reasoning' },
  { promptEndsWith: '<think>', state: 'reasoning' },
] as const;
