// How far an automaton reads whatever is written: the most k such that every text of k characters of some ranges can
// be read from a state (and then still finished, for every state that is left can reach acceptance).
import { type CharDfa, stepDfa } from './char-dfa.ts';
import type { CharRanges } from './char-ranges.ts';

const mostSteps = 256;
const mostStates = 512;

/** How far it reads, and the longest way from where it may then stand to acceptance. */
export interface Reach {
  /** Infinity when nothing ever ends it. */
  readonly length: number;
  /** The states that may be reached on the way. */
  readonly states: readonly number[];
}

const memo = new WeakMap<CharDfa, Map<CharRanges, Map<number, Reach>>>();

/** The reach of `state` over all texts of characters of `ranges`. */
export function reachOf(dfa: CharDfa, state: number, ranges: CharRanges): Reach {
  let byRanges = memo.get(dfa);
  if (byRanges === undefined) {
    byRanges = new Map();
    memo.set(dfa, byRanges);
  }
  let byState = byRanges.get(ranges);
  if (byState === undefined) {
    byState = new Map();
    byRanges.set(ranges, byState);
  }
  let reach = byState.get(state);
  if (reach === undefined) {
    reach = find(dfa, state, ranges);
    byState.set(state, reach);
  }
  return reach;
}

function find(dfa: CharDfa, state: number, ranges: CharRanges): Reach {
  const visited = new Set<number>([state]);
  let layer = [state];
  for (let length = 0; length < mostSteps; length++) {
    const next: number[] = [];
    for (const s of layer)
      for (let r = 0; r < ranges.length; r += 2)
        if (
          !eachTarget(dfa, s, ranges[r], ranges[r + 1], (t) => {
            if (visited.has(t)) return;
            visited.add(t);
            next.push(t);
          })
        )
          return { length, states: [...visited] };
    if (next.length === 0) return { length: Infinity, states: [...visited] };
    if (visited.size > mostStates) return { length, states: [...visited] };
    layer = next;
  }
  return { length: mostSteps, states: [...visited] };
}

/** Visits where characters lo..hi lead; false when some of them lead nowhere. */
export function eachTarget(
  dfa: CharDfa,
  state: number,
  lo: number,
  hi: number,
  visit: (target: number) => void,
): boolean {
  const starts = dfa.starts[state];
  const targets = dfa.targets[state];
  const first = stepDfa(dfa, state, lo);
  if (first < 0) return false;
  visit(first);
  for (let i = 0; i < starts.length; i++) {
    if (starts[i] <= lo) continue;
    if (starts[i] > hi) break;
    if (targets[i] < 0) return false;
    visit(targets[i]);
  }
  return true;
}
