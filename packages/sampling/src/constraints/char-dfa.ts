// Deterministic automata over characters, with transitions by ranges; -1 is the dead state. Every state that is left
// can reach an accepting one (trimmed), so "has a transition" means "can be finished". Boolean operations keep that.
import { anyChar, type CharRanges, maxChar } from './char-ranges.ts';
import { UnsupportedConstraintError } from './errors.ts';

/** A trimmed DFA over characters; state 0 is the start (an empty language has no states). */
export interface CharDfa {
  /** Per state: the first character of each range, ascending, the first 0. */
  readonly starts: readonly (readonly number[])[];
  /** Per state: the target of each range, -1 for none. */
  readonly targets: readonly (readonly number[])[];
  readonly accepting: readonly boolean[];
  /** Per state: what kind of text ends here, 0 where none does. */
  readonly labels: readonly number[];
  /** A name of the language's automaton, equal for equal (minimised) automata. */
  readonly key: string;
}

/** No string. */
export const noStrings: CharDfa = { starts: [], targets: [], accepting: [], labels: [], key: '' };

const mostStates = 6000;

/** The state after `char`, or -1. */
export function stepDfa(dfa: CharDfa, state: number, char: number): number {
  const starts = dfa.starts[state];
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle] <= char) low = middle;
    else high = middle - 1;
  }
  return dfa.targets[state][low];
}

/** Whether the automaton accepts the text. */
export function dfaAccepts(dfa: CharDfa, text: string): boolean {
  let state = dfa.starts.length === 0 ? -1 : 0;
  for (const char of text) {
    if (state < 0) return false;
    state = stepDfa(dfa, state, char.codePointAt(0) as number);
  }
  return state >= 0 && dfa.accepting[state];
}

export function isEmptyDfa(dfa: CharDfa): boolean {
  return dfa.starts.length === 0;
}

/** One outgoing edge: characters lo..hi lead to `to`. */
export interface Edge<S> {
  readonly lo: number;
  readonly hi: number;
  readonly to: S;
}

/** Builds, trims and minimises the automaton that `edges` and `accepts` describe, states named by `key`. */
export function buildDfa<S>(
  start: S,
  key: (state: S) => string,
  edges: (state: S) => readonly Edge<S>[],
  accepts: (state: S) => boolean | number,
): CharDfa {
  const ids = new Map<string, number>();
  const states: S[] = [];
  const idOf = (state: S): number => {
    const name = key(state);
    let id = ids.get(name);
    if (id === undefined) {
      id = states.length;
      if (id >= mostStates)
        throw new UnsupportedConstraintError('pattern', '', `more than ${mostStates} states`);
      ids.set(name, id);
      states.push(state);
    }
    return id;
  };
  idOf(start);
  const starts: number[][] = [];
  const targets: number[][] = [];
  for (let id = 0; id < states.length; id++) {
    const from: number[] = [0];
    const to: number[] = [-1];
    // Edges are disjoint and ascending.
    for (const edge of edges(states[id])) {
      const target = idOf(edge.to);
      pushRange(from, to, edge.lo, target);
      if (edge.hi < maxChar) pushRange(from, to, edge.hi + 1, -1);
    }
    starts.push(from);
    targets.push(to);
  }
  return minimize(
    starts,
    targets,
    states.map((s) => Number(accepts(s))),
  );
}

function pushRange(starts: number[], targets: number[], at: number, target: number): void {
  const last = starts.length - 1;
  if (starts[last] === at) {
    targets[last] = target;
    if (last > 0 && targets[last - 1] === target) {
      starts.pop();
      targets.pop();
    }
  } else if (targets[last] !== target) {
    starts.push(at);
    targets.push(target);
  }
}

function minimize(
  starts: readonly (readonly number[])[],
  targets: readonly (readonly number[])[],
  labels: readonly number[],
): CharDfa {
  const size = starts.length;
  // Trim: what reaches acceptance, backwards.
  const sources: number[][] = Array.from({ length: size }, () => []);
  for (let s = 0; s < size; s++) for (const t of new Set(targets[s])) if (t >= 0) sources[t].push(s);
  const live = labels.map((label) => label > 0);
  const queue = labels.flatMap((label, s) => (label > 0 ? [s] : []));
  for (let s = queue.pop(); s !== undefined; s = queue.pop())
    for (const from of sources[s])
      if (!live[from]) {
        live[from] = true;
        queue.push(from);
      }
  if (size === 0 || !live[0]) return noStrings;
  const classes = classesOf(starts, targets, sources, labels, live);
  const classOf = (t: number): number => (t < 0 ? -1 : classes[t]);
  // Renumber from the start in breadth-first order, so that equal languages have equal automata.
  const renumbered = new Map<number, number>([[classes[0], 0]]);
  const representatives = [0];
  const outStarts: number[][] = [];
  const outTargets: number[][] = [];
  const outLabels: number[] = [];
  for (let i = 0; i < representatives.length; i++) {
    const s = representatives[i];
    const from: number[] = [0];
    const to: number[] = [-1];
    for (let e = 0; e < starts[s].length; e++) {
      const c = classOf(targets[s][e]);
      let id = -1;
      if (c >= 0) {
        const known = renumbered.get(c);
        if (known === undefined) {
          id = representatives.length;
          renumbered.set(c, id);
          representatives.push(targets[s][e]);
        } else id = known;
      }
      pushRange(from, to, starts[s][e], id);
    }
    outStarts.push(from);
    outTargets.push(to);
    outLabels.push(labels[s]);
  }
  const key = outStarts
    .map((f, s) => `${outLabels[s] > 0 ? `!${outLabels[s]}:` : ''}${f.join(',')}>${outTargets[s].join(',')}`)
    .join(';');
  return {
    starts: outStarts,
    targets: outTargets,
    accepting: outLabels.map((l) => l > 0),
    labels: outLabels,
    key,
  };
}

/**
 * By state: the class of the states that are followed by the same texts, -1 for dead ones. A class that falls apart keeps
 * its name for the largest part, so that what looks at that need not be looked at again. Beyond so many states all are
 * told apart.
 */
function classesOf(
  starts: readonly (readonly number[])[],
  targets: readonly (readonly number[])[],
  sources: readonly (readonly number[])[],
  labels: readonly number[],
  live: readonly boolean[],
): number[] {
  const size = starts.length;
  if (size > 1500) return live.map((one, s) => (one ? s : -1));
  const classes = labels.map((label, s) => (live[s] ? label : -1));
  const members = new Map<number, number[]>();
  for (let s = 0; s < size; s++) {
    if (!live[s]) continue;
    const list = members.get(classes[s]);
    if (list === undefined) members.set(classes[s], [s]);
    else list.push(s);
  }
  let fresh = Math.max(0, ...labels) + 1;
  const signatures: string[] = [];
  const sign = (s: number): void => {
    let text = '';
    let before = -2;
    for (let i = 0; i < starts[s].length; i++) {
      const target = targets[s][i];
      const c = target < 0 ? -1 : classes[target];
      if (c !== before) text += `,${starts[s][i]}:${c}`;
      before = c;
    }
    signatures[s] = text;
  };
  let dirty = new Set<number>(live.flatMap((one, s) => (one ? [s] : [])));
  while (dirty.size > 0) {
    const touched = new Set<number>();
    for (const s of dirty) {
      sign(s);
      touched.add(classes[s]);
    }
    dirty = new Set();
    for (const name of touched) {
      const parts = new Map<string, number[]>();
      for (const s of members.get(name) as number[]) {
        const part = parts.get(signatures[s]);
        if (part === undefined) parts.set(signatures[s], [s]);
        else part.push(s);
      }
      if (parts.size === 1) continue;
      const [largest, ...others] = [...parts.values()].sort((a, b) => b.length - a.length);
      members.set(name, largest);
      for (const part of others) {
        members.set(fresh, part);
        for (const s of part) {
          classes[s] = fresh;
          for (const from of sources[s]) if (live[from]) dirty.add(from);
        }
        fresh++;
      }
    }
  }
  return classes;
}

/** The outgoing edges of several automata at once: each range with the targets' tuple, dead ones included. */
export function productEdges(dfas: readonly CharDfa[], states: readonly number[]): Edge<number[]>[] {
  const cuts = new Set<number>([0, 0xd800, 0xe000]);
  for (let i = 0; i < dfas.length; i++)
    if (states[i] >= 0) for (const c of dfas[i].starts[states[i]]) cuts.add(c);
  const sorted = [...cuts].sort((a, b) => a - b);
  const edges: Edge<number[]>[] = [];
  for (let i = 0; i < sorted.length; i++) {
    if (sorted[i] === 0xd800) continue; // surrogates
    const hi = (sorted[i + 1] ?? maxChar + 1) - 1;
    if (sorted[i] > 0xd800 && sorted[i] < 0xe000) continue;
    edges.push({
      lo: sorted[i],
      hi,
      to: dfas.map((dfa, d) => (states[d] < 0 ? -1 : stepDfa(dfa, states[d], sorted[i]))),
    });
  }
  return edges;
}

const combine = (dfas: readonly CharDfa[], holds: (accepted: readonly boolean[]) => boolean): CharDfa =>
  buildDfa<readonly number[]>(
    dfas.map((dfa) => (isEmptyDfa(dfa) ? -1 : 0)),
    (states) => states.join(','),
    (states) => productEdges(dfas, states),
    (states) => holds(states.map((s, i) => s >= 0 && dfas[i].accepting[s])),
  );

const memo = new Map<string, CharDfa>();

function remembered(name: string, make: () => CharDfa): CharDfa {
  let dfa = memo.get(name);
  if (dfa === undefined) {
    if (memo.size > 500) memo.clear();
    dfa = make();
    memo.set(name, dfa);
  }
  return dfa;
}

/** What both accept. */
export function intersectDfa(a: CharDfa, b: CharDfa): CharDfa {
  if (a === b || b === allStrings) return a;
  if (a === allStrings) return b;
  return remembered(`&${a.key}&${b.key}`, () => combine([a, b], ([x, y]) => x && y));
}

/** What either accepts. */
export function uniteDfa(a: CharDfa, b: CharDfa): CharDfa {
  return remembered(`|${a.key}|${b.key}`, () => combine([a, b], ([x, y]) => x || y));
}

/** What the automaton does not accept. */
export function complementDfa(a: CharDfa): CharDfa {
  return remembered(`!${a.key}`, () => combine([a], ([x]) => !x));
}

/** Exactly these strings. */
export function stringsDfa(strings: readonly string[]): CharDfa {
  interface Node {
    readonly id: number;
    readonly next: Map<number, Node>;
    end: boolean;
  }
  let count = 0;
  const node = (): Node => ({ id: count++, next: new Map(), end: false });
  const root = node();
  for (const text of strings) {
    let at = root;
    for (const char of text) {
      const c = char.codePointAt(0) as number;
      let next = at.next.get(c);
      if (next === undefined) {
        next = node();
        at.next.set(c, next);
      }
      at = next;
    }
    at.end = true;
  }
  return buildDfa<Node>(
    root,
    (n) => `${n.id}`,
    (n) => [...n.next].sort((a, b) => a[0] - b[0]).map(([c, to]) => ({ lo: c, hi: c, to })),
    (n) => n.end,
  );
}

/** Every string of characters of these ranges. */
export function repeatedDfa(ranges: CharRanges): CharDfa {
  return buildDfa<number>(
    0,
    String,
    () =>
      Array.from({ length: ranges.length / 2 }, (_, i) => ({
        lo: ranges[2 * i],
        hi: ranges[2 * i + 1],
        to: 0,
      })),
    () => true,
  );
}

/** Every string. */
export const allStrings: CharDfa = repeatedDfa(anyChar);
/** Per state: how many strings lead from it to acceptance; Infinity behind a loop. */
export function countStrings(dfa: CharDfa): number[] {
  const counts: (number | undefined)[] = dfa.starts.map(() => undefined);
  const open = new Set<number>();
  const visit = (s: number): number => {
    const known = counts[s];
    if (known !== undefined) return known;
    if (open.has(s)) return Infinity; // every state is live, so a loop means endlessly many
    open.add(s);
    let total = dfa.accepting[s] ? 1 : 0;
    for (let i = 0; i < dfa.starts[s].length && total < Infinity; i++) {
      const target = dfa.targets[s][i];
      if (target < 0) continue;
      total += ((dfa.starts[s][i + 1] ?? maxChar + 1) - dfa.starts[s][i]) * visit(target);
    }
    open.delete(s);
    counts[s] = total;
    return total;
  };
  // A state that was found on a loop while its caller was open is endless too, for its caller is reachable from it.
  return dfa.starts.map((_, s) => visit(s));
}

/** The strings of an automaton that has finitely many, none of them with half a surrogate pair. */
export function stringsOf(dfa: CharDfa): string[] {
  const found: string[] = [];
  const visit = (state: number, text: string): void => {
    if (dfa.accepting[state]) found.push(text);
    dfa.starts[state].forEach((start, i) => {
      const target = dfa.targets[state][i];
      if (target < 0) return;
      const end = dfa.starts[state][i + 1] ?? maxChar + 1;
      for (let char = start; char < end; char++) visit(target, text + String.fromCodePoint(char));
    });
  };
  if (dfa.starts.length > 0) visit(0, '');
  return found;
}
