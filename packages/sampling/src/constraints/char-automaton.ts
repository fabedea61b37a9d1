// A character automaton with a bound on the length: state = DFA state + count * states. Only states from which some
// accepted text of an allowed length can still be reached exist, so that nothing runs into a dead end.
import { type CharDfa, stepDfa } from './char-dfa.ts';
import { UnsupportedConstraintError } from './errors.ts';

/** Steps by characters; -1 is dead, every other state can reach an accepting one. */
export interface CharAutomaton {
  readonly key: string;
  /** -1 for the empty language. */
  readonly start: number;
  step(state: number, char: number): number;
  /** Whether some character of lo..hi has a step. */
  some(state: number, lo: number, hi: number): boolean;
  accepting(state: number): boolean;
  /** When any characters may follow: how many at least, and at most. */
  free(state: number): { readonly least: number; readonly most: number } | undefined;
}

/** The texts of `dfa` with min <= length in characters <= max. */
export function boundedAutomaton(dfa: CharDfa, min = 0, max = Infinity): CharAutomaton {
  const size = dfa.starts.length;
  const key = `${min},${max}/${dfa.key}`;
  const cap = max === Infinity ? min : max;
  const alive = liveness(dfa, min, max);
  const target = (next: number, count: number): number => {
    if (next < 0 || count > max || !alive(next, count)) return -1;
    return next + Math.min(count, cap) * size;
  };
  return {
    key,
    start: size === 0 ? -1 : target(0, 0),
    step: (state, char) => target(stepDfa(dfa, state % size, char), Math.floor(state / size) + 1),
    some(state, lo, hi) {
      const s = state % size;
      const count = Math.floor(state / size) + 1;
      const starts = dfa.starts[s];
      for (let i = 0; i < starts.length; i++) {
        if (starts[i] > hi) break;
        if (dfa.targets[s][i] < 0 || (i + 1 < starts.length && starts[i + 1] <= lo)) continue;
        if (target(dfa.targets[s][i], count) >= 0) return true;
      }
      return false;
    },
    accepting: (state) => dfa.accepting[state % size] && Math.floor(state / size) >= min,
    free(state) {
      const s = state % size;
      const count = Math.floor(state / size);
      return isSink(dfa, s) ? { least: Math.max(0, min - count), most: max - count } : undefined;
    },
  };
}

function liveness(dfa: CharDfa, min: number, max: number): (state: number, count: number) => boolean {
  const size = dfa.starts.length;
  if (min === 0 && max === Infinity) return () => true;
  const neighbours = dfa.targets.map((list) => [...new Set(list)].filter((t) => t >= 0));
  const loops = size === 1 && neighbours[0].length === 1;
  if (loops) return (_, count) => count <= max;
  const sources: number[][] = Array.from({ length: size }, () => []);
  neighbours.forEach((list, s) => {
    for (const t of list) sources[t].push(s);
  });
  const shortest = new Float64Array(size).fill(Infinity);
  let layer = dfa.accepting.flatMap((a, s) => (a ? [s] : []));
  for (let length = 0; layer.length > 0; length++) {
    for (const s of layer) shortest[s] = Math.min(shortest[s], length);
    layer = [...new Set(layer.flatMap((s) => sources[s]))].filter((s) => shortest[s] === Infinity);
  }
  if (min === 0) return (state, count) => count + shortest[state] <= max;
  // nextLength[l][s]: the smallest accepted length >= l from s, up to the most that matters.
  const most = max === Infinity ? min + size : max;
  if ((most + 1) * size > 4_000_000)
    throw new UnsupportedConstraintError('minLength', '', 'too large beside the pattern');
  const exact: Uint8Array[] = [];
  for (let length = 0; length <= most; length++)
    exact.push(
      Uint8Array.from({ length: size }, (_, s) =>
        length === 0
          ? Number(dfa.accepting[s])
          : neighbours[s].some((t) => exact[length - 1][t] === 1)
            ? 1
            : 0,
      ),
    );
  const next: Int32Array[] = new Array(most + 2);
  next[most + 1] = new Int32Array(size).fill(most + 1);
  for (let length = most; length >= 0; length--)
    next[length] = next[length + 1].map((later, s) => (exact[length][s] === 1 ? length : later));
  return (state, count) => {
    const need = Math.max(0, min - count);
    const length = next[need][state];
    return length <= most && length + count <= max;
  };
}

// Accepts everything: its transitions are those of any character, to itself.
function isSink(dfa: CharDfa, s: number): boolean {
  const targets = dfa.targets[s];
  return (
    dfa.accepting[s] &&
    targets.length === 3 &&
    targets[0] === s &&
    targets[1] === -1 &&
    targets[2] === s &&
    dfa.starts[s][1] === 0xd800
  );
}
