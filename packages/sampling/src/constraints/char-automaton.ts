// A character automaton with a bound on the length: state = DFA state + count * states. Only states from which some
// accepted text of an allowed length can still be reached exist, so that nothing runs into a dead end.
import { type CharDfa, stepDfa } from './char-dfa.ts';
import { type CharRanges, maxChar } from './char-ranges.ts';
import { eachTarget, reachOf } from './char-reach.ts';
import { UnsupportedConstraintError } from './errors.ts';

/** Steps by characters; -1 is dead, every other state can reach an accepting one. */
export interface CharAutomaton {
  readonly key: string;
  /** -1 for the empty language. */
  readonly start: number;
  step(state: number, char: number): number;
  /** Visits the ranges of characters that have a step, in ascending order. */
  edges(state: number, visit: (lo: number, hi: number, target: number) => void): void;
  /** Whether some character of lo..hi has a step. */
  some(state: number, lo: number, hi: number): boolean;
  accepting(state: number): boolean;
  /** When any characters may follow: how many at least, and at most. */
  free(state: number): { readonly least: number; readonly most: number } | undefined;
  /** The one state that every character of lo..hi leads to, -1 when there is none. */
  uniform(state: number, lo: number, hi: number): number;
  /** A length up to which every text of characters of `ranges` can be read; Infinity for any. */
  reach(state: number, ranges: CharRanges): number;
  /** How many characters must still come at least. */
  shortest(state: number): number;
  /** The most that `shortest` ever answers. */
  farthest(): number;
}

/** The texts of `dfa` with min <= length in characters <= max. */
export function boundedAutomaton(dfa: CharDfa, min = 0, max = Infinity): CharAutomaton {
  let known = made.get(dfa);
  if (known === undefined) {
    known = new Map();
    made.set(dfa, known);
  }
  const bounds = `${min},${max}`;
  let automaton = known.get(bounds);
  if (automaton === undefined) {
    automaton = make(dfa, min, max);
    known.set(bounds, automaton);
  }
  return automaton;
}

const made = new WeakMap<CharDfa, Map<string, CharAutomaton>>();

function make(dfa: CharDfa, min: number, max: number): CharAutomaton {
  const size = dfa.starts.length;
  const key = `${min},${max}/${dfa.key}`;
  const cap = max === Infinity ? min : max;
  const { alive, shortest } = liveness(dfa, min, max);
  const distances = (): Float64Array => (shortest.length > 0 ? shortest : distancesOf(dfa));
  const farthest = new Map<readonly number[], number>();
  const target = (next: number, count: number): number => {
    if (next < 0 || count > max || !alive(next, count)) return -1;
    return next + Math.min(count, cap) * size;
  };
  return {
    key,
    start: size === 0 ? -1 : target(0, 0),
    step: (state, char) => target(stepDfa(dfa, state % size, char), Math.floor(state / size) + 1),
    edges(state, visit) {
      const s = state % size;
      const count = Math.floor(state / size) + 1;
      const starts = dfa.starts[s];
      for (let i = 0; i < starts.length; i++) {
        const to = target(dfa.targets[s][i], count);
        if (to >= 0) visit(starts[i], i + 1 < starts.length ? starts[i + 1] - 1 : maxChar, to);
      }
    },
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
    uniform(state, lo, hi) {
      const one = uniformTarget(dfa, state % size, lo, hi);
      return one < 0 ? -1 : target(one, Math.floor(state / size) + 1);
    },
    reach(state, ranges) {
      const count = Math.floor(state / size);
      const { length, states } = reachOf(dfa, state % size, ranges);
      if (max === Infinity) return min === 0 || count >= min || length === Infinity ? length : 0;
      // From wherever the text then stands it must be finished within the bound.
      let far = farthest.get(states);
      if (far === undefined) {
        far = states.reduce((most, s) => Math.max(most, shortest[s]), 0);
        farthest.set(states, far);
      }
      if (count < min && (length < Infinity || min + far > max)) return 0;
      return Math.max(0, Math.min(length, max - count - far));
    },
    shortest: (state) => Math.max(distances()[state % size], min - Math.floor(state / size)),
    farthest: () => distances().reduce((most, d) => Math.max(most, d), min),
  };
}

/** The one state that all of lo..hi lead to, surrogates aside; -1 when there is none. */
function uniformTarget(dfa: CharDfa, state: number, lo: number, hi: number): number {
  let found = -1;
  const one = (t: number): void => {
    if (found === -1) found = t;
    else if (found !== t) found = -2;
  };
  const all =
    (lo > 0xd7ff || eachTarget(dfa, state, lo, Math.min(hi, 0xd7ff), one)) &&
    (hi < 0xe000 || eachTarget(dfa, state, Math.max(lo, 0xe000), hi, one));
  return all ? Math.max(found, -1) : -1;
}

interface Liveness {
  alive(state: number, count: number): boolean;
  /** By state: the length of the shortest text to acceptance; empty where there is no bound. */
  readonly shortest: Float64Array;
}

function liveness(dfa: CharDfa, min: number, max: number): Liveness {
  const size = dfa.starts.length;
  if (min === 0 && max === Infinity) return { alive: () => true, shortest: new Float64Array(0) };
  const shortest = distancesOf(dfa);
  const neighbours = dfa.targets.map((list) => [...new Set(list)].filter((t) => t >= 0));
  const loops = size === 1 && neighbours[0].length === 1;
  if (loops) return { alive: (_, count) => count <= max, shortest };
  if (min === 0) return { alive: (state, count) => count + shortest[state] <= max, shortest };
  // next[l][s]: the smallest accepted length >= l from s. One of min + size or more would go through some state twice on
  // its last steps, and could leave that loop out.
  const most = Math.min(max, min + size);
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
  const alive = (state: number, count: number): boolean => {
    const length = next[Math.max(0, min - count)][state];
    return length <= most && length + count <= max;
  };
  return { alive, shortest };
}

const distances = new WeakMap<CharDfa, Float64Array>();

/** By state: the length of the shortest text to acceptance. */
function distancesOf(dfa: CharDfa): Float64Array {
  let shortest = distances.get(dfa);
  if (shortest !== undefined) return shortest;
  const size = dfa.starts.length;
  shortest = new Float64Array(size).fill(Infinity);
  const sources: number[][] = Array.from({ length: size }, () => []);
  dfa.targets.forEach((list, s) => {
    for (const t of new Set(list)) if (t >= 0) sources[t].push(s);
  });
  let layer = dfa.accepting.flatMap((a, s) => (a ? [s] : []));
  for (let length = 0; layer.length > 0; length++) {
    for (const s of layer) shortest[s] = Math.min(shortest[s], length);
    layer = [...new Set(layer.flatMap((s) => sources[s]))].filter((s) => shortest[s] === Infinity);
  }
  distances.set(dfa, shortest);
  return shortest;
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
