// Short names of automata, for keys.
import type { CharDfa } from './char-dfa.ts';
import { Memo } from './memo.ts';

const byDfa = new WeakMap<CharDfa, number>();
/** Equal automata get one name, as long as that is remembered. */
const byKey = new Memo<string, number>(2000);
let names = 0;

/** A short name for an automaton. */
export function dfaId(dfa: CharDfa): number {
  let id = byDfa.get(dfa);
  if (id === undefined) {
    id = byKey.of(dfa.key, () => names++);
    byDfa.set(dfa, id);
  }
  return id;
}
