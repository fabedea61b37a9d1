// A key of an object where many are left, seen from one where none has come: the two read the same but for the names that
// have come, so what is known of the one is known for all objects of the plan.
import { boundedAutomaton } from './char-automaton.ts';
import { stringsDfa } from './char-dfa.ts';
import { leftOpen } from './distinct-item.ts';
import { fewKeys } from './few-keys.ts';
import { stateOf } from './key-automaton.ts';
import type { Lexeme } from './lexeme.ts';
import type { LexemeBase } from './machine.ts';
import type { ObjectPlan } from './productivity.ts';
import { jsonStringLexeme } from './text-lexeme.ts';

/** Whether the names that have come use up no beginning of a key. */
export function manyLeft({ keys, counts, shape }: ObjectPlan, seen: readonly string[]): boolean {
  return (
    shape.max === Infinity &&
    seen.length < fewKeys &&
    !seen.includes(leftOpen) &&
    seen.every((name) => counts[stateOf(keys, name)] > fewKeys)
  );
}

/** Behind `text`: the state of `base`, the lexeme of all keys, and the names that have come and begin so. */
export function keyBase(base: Lexeme, seen: readonly string[], text: string): LexemeBase | undefined {
  let state = 0;
  for (const byte of new TextEncoder().encode(JSON.stringify(text).slice(1, -1)))
    if (state >= 0) state = base.step(state, byte);
  const left = seen.filter((name) => name.startsWith(text)).map((name) => name.slice(text.length));
  const gone =
    left.length === 0 ? undefined : jsonStringLexeme(boundedAutomaton(stringsDfa(left)), { opened: true });
  return state < 0 ? undefined : { lexeme: base, state, gone };
}
