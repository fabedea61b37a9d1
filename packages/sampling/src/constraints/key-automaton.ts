// The keys that may still come: an automaton's texts but for those that have come.
import { boundedAutomaton, type CharAutomaton } from './char-automaton.ts';
import { type CharDfa, countStrings, dfaAccepts, noStrings, stepDfa } from './char-dfa.ts';
import { leftOpen } from './distinct-item.ts';
import { labelledStrings, relabel } from './labelled-dfa.ts';
import type { ObjectPlan } from './productivity.ts';

/** Keys that may come. */
export interface FreshKeys {
  readonly keys: CharAutomaton;
  /** Whether so few, or fewer, keys begin as those that lead to a state. */
  few(state: number, most: number): boolean;
}

const onlyNames = (names: readonly string[]): FreshKeys => ({
  keys: boundedAutomaton(names.length === 0 ? noStrings : labelledStrings(names)),
  few: () => true,
});

/**
 * The keys that may come behind `seen`; `fits` tells which classes of keys leave room for what must still come, where that
 * depends on the key. Keys of which more is told than their value have states of their own.
 */
export function freshKeys(
  plan: ObjectPlan,
  seen: readonly string[],
  fits: ((label: number) => boolean) | undefined,
  ordered: boolean,
): FreshKeys {
  const { shape } = plan;
  if (seen.length >= shape.max) return onlyNames([]);
  const names = plan.required.filter((name) => !seen.includes(name));
  // With no room to spare, only what is still missing may come.
  if (fits === undefined && shape.max - seen.length <= names.length) {
    const first = ordered ? shape.order.find((name) => names.includes(name)) : undefined;
    return onlyNames(first === undefined ? names : [first]);
  }
  const dfa = fits === undefined ? plan.keys : relabel(plan.keys, (label) => (fits(label) ? label : 0));
  const counts = fits === undefined ? plan.counts : countStrings(dfa);
  const left = (gone: readonly string[]): FreshKeys => ({
    keys: without(
      dfa,
      counts,
      gone.filter((name) => name === leftOpen || dfaAccepts(dfa, name)),
    ),
    few: (state, most) => counts[state % counts.length] <= most,
  });
  if (!ordered) return left(seen);
  const declared = shape.order;
  const last = seen.length === 0 ? -1 : declared.indexOf(seen[seen.length - 1]);
  const others = seen.some((name) => !declared.includes(name));
  const ahead = declared.slice(last + 1).filter((name) => !others && dfaAccepts(dfa, name));
  const stop = ahead.findIndex((name) => names.includes(name));
  if (stop >= 0) return onlyNames(ahead.slice(0, stop + 1));
  return left([...new Set([...seen, ...declared.filter((name) => !ahead.includes(name))])]);
}

/** The label of the text's state. */
export function labelOf(dfa: CharDfa, text: string): number {
  return dfa.labels[stateOf(dfa, text)];
}

/** The state that the text leads to. */
export function stateOf(dfa: CharDfa, text: string): number {
  let state = 0;
  for (const char of text) state = stepDfa(dfa, state, char.codePointAt(0) as number);
  return state;
}

/**
 * The automaton's texts but for some of them: beside the state runs the place in a trie of those, and a state lives
 * while more texts follow it than the trie takes away.
 */
function without(dfa: CharDfa, counts: readonly number[], texts: readonly string[]): CharAutomaton {
  interface Node {
    readonly id: number;
    readonly next: Map<number, Node>;
    end: boolean;
    below: number;
  }
  const nodes: Node[] = [];
  const node = (): Node => {
    const made: Node = { id: nodes.length + 1, next: new Map(), end: false, below: 0 };
    nodes.push(made);
    return made;
  };
  const root = node();
  for (const text of texts) {
    let at = root;
    at.below++;
    for (const char of text) {
      const c = char.codePointAt(0) as number;
      let next = at.next.get(c);
      if (next === undefined) {
        next = node();
        at.next.set(c, next);
      }
      at = next;
      at.below++;
    }
    at.end = true;
  }
  const size = dfa.starts.length;
  const plain = boundedAutomaton(dfa);
  const target = (state: number, at: Node | undefined): number => {
    if (state < 0 || (at !== undefined && counts[state] <= at.below)) return -1;
    return state + (at?.id ?? 0) * size;
  };
  const nodeOf = (state: number): Node | undefined => nodes[Math.floor(state / size) - 1];
  const step = (state: number, char: number): number =>
    target(stepDfa(dfa, state % size, char), nodeOf(state)?.next.get(char));
  return {
    key: '',
    start: size === 0 ? -1 : target(0, root),
    step,
    edges(state, visit) {
      const at = nodeOf(state);
      const marks = at === undefined ? [] : [...at.next].sort((a, b) => a[0] - b[0]);
      let m = 0;
      plain.edges(state % size, (lo, hi, to) => {
        let from = lo;
        while (m < marks.length && marks[m][0] < lo) m++;
        for (; m < marks.length && marks[m][0] <= hi; m++) {
          const [c, below] = marks[m];
          if (from < c) visit(from, c - 1, to);
          const own = target(to, below);
          if (own >= 0) visit(c, c, own);
          from = c + 1;
        }
        if (from <= hi) visit(from, hi, to);
      });
    },
    some(state, lo, hi) {
      const at = nodeOf(state);
      if (at === undefined || at.next.size === 0) return plain.some(state % size, lo, hi);
      // Characters of the trie are looked at one by one; between them every range is as in the plain automaton.
      const marks = [...at.next.keys()].filter((c) => c >= lo && c <= hi).sort((a, b) => a - b);
      let from = lo;
      for (const c of marks) {
        if (from < c && plain.some(state % size, from, c - 1)) return true;
        if (step(state, c) >= 0) return true;
        from = c + 1;
      }
      return from <= hi && plain.some(state % size, from, hi);
    },
    accepting: (state) => dfa.accepting[state % size] && !(nodeOf(state)?.end ?? false),
    free: (state) => (nodeOf(state) === undefined ? plain.free(state % size) : undefined),
    uniform(state, lo, hi) {
      for (const c of nodeOf(state)?.next.keys() ?? []) if (c >= lo && c <= hi) return -1;
      return target(plain.uniform(state % size, lo, hi), undefined);
    },
    // What is read without end is never used up by the texts that are taken away.
    reach(state, ranges) {
      const length = plain.reach(state % size, ranges);
      return nodeOf(state) === undefined || length === Infinity ? length : 0;
    },
    // Lower bounds: keys are not counted.
    shortest: (state) => plain.shortest(state % size),
    farthest: () => plain.farthest(),
  };
}
