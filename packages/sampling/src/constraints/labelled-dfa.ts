// Automata whose accepted texts have labels: by which name, or which class of key.
import { buildDfa, type CharDfa, type Edge, productEdges, stringsDfa } from './char-dfa.ts';

/** The strings of a list, each under its own label (index + 1). */
export function labelledStrings(strings: readonly string[]): CharDfa {
  const sorted = new Map(strings.map((s, i) => [s, i + 1]));
  const trie = stringsDfa(strings);
  if (trie.starts.length === 0) return trie;
  interface At {
    readonly text: string;
  }
  const prefixes = new Map<string, Set<number>>();
  for (const s of strings) {
    let at = '';
    for (const char of s) {
      let set = prefixes.get(at);
      if (set === undefined) {
        set = new Set();
        prefixes.set(at, set);
      }
      set.add(char.codePointAt(0) as number);
      at += char;
    }
  }
  return buildDfa<At>(
    { text: '' },
    (s) => s.text,
    (s): Edge<At>[] =>
      [...(prefixes.get(s.text) ?? [])]
        .sort((a, b) => a - b)
        .map((c) => ({ lo: c, hi: c, to: { text: s.text + String.fromCodePoint(c) } })),
    (s) => sorted.get(s.text) ?? 0,
  );
}

/** The same automaton with other labels (0: not accepted). */
export function relabel(dfa: CharDfa, label: (old: number) => number): CharDfa {
  const memo = new Map<number, number>([[0, 0]]);
  const of = (old: number): number => {
    let value = memo.get(old);
    if (value === undefined) {
      value = label(old);
      memo.set(old, value);
    }
    return value;
  };
  const labels = dfa.labels.map(of);
  if (labels.every((l, s) => l === dfa.labels[s])) return dfa;
  if (dfa.starts.length === 0) return dfa;
  return buildDfa<number>(
    0,
    String,
    (s) =>
      productEdges([dfa], [s]).flatMap((e) => (e.to[0] < 0 ? [] : [{ lo: e.lo, hi: e.hi, to: e.to[0] }])),
    (s) => labels[s],
  );
}
