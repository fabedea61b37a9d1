// Which keys an object of a shape could have, and what each asks of its value.
import { allStrings, buildDfa, type CharDfa, productEdges } from './char-dfa.ts';
import { isWellFormed } from './char-ranges.ts';
import { both, type Conjunction } from './conjunction.ts';
import { dfaId } from './dfa-id.ts';
import { labelledStrings } from './labelled-dfa.ts';
import type { KeyRule, ObjectShape } from './shapes.ts';

/** What a key of some kind asks of its value. */
export interface KeyClass {
  readonly value: Conjunction;
  /** Indexes of the open-ended needs that the key may meet. */
  readonly needs: readonly number[];
}

/** The keys, labelled by class (label - 1). */
export interface KeyProduct {
  readonly dfa: CharDfa;
  readonly classes: readonly KeyClass[];
}

/** All keys an object of the shape could have, by class; nothing about whether the values exist. */
export function keyProduct(shape: ObjectShape): KeyProduct {
  const names = new Set<string>();
  const patterns = new Map<number, CharDfa>();
  for (const { keys } of [...shape.rules, ...shape.needs]) {
    if (keys.kind === 'name') names.add(keys.name);
    else if (keys.kind === 'pattern') patterns.set(dfaId(keys.dfa), keys.dfa);
    else {
      for (const name of keys.names) names.add(name);
      for (const dfa of keys.patterns) patterns.set(dfaId(dfa), dfa);
    }
  }
  for (const name of shape.order) names.add(name);
  const list = [...names].filter(isWellFormed);
  const patternIds = [...patterns.keys()];
  const dfas = [labelledStrings(list), allStrings, ...patterns.values()];
  const named = shape.needs.filter((n) => n.keys.kind === 'name');
  const wild = shape.needs.filter((n) => n.keys.kind !== 'name');
  // Names by which more is told than their value: each is a class of its own.
  const told = new Set(shape.order);
  for (const { keys } of named) if (keys.kind === 'name') told.add(keys.name);
  const classes: KeyClass[] = [];
  const labels = new Map<string, number>();
  const labelOf = (states: readonly number[]): number => {
    const name =
      states[0] >= 0 && dfas[0].labels[states[0]] > 0 ? list[dfas[0].labels[states[0]] - 1] : undefined;
    const matched = new Set(
      patternIds.filter((_, i) => states[i + 2] >= 0 && dfas[i + 2].accepting[states[i + 2]]),
    );
    const applies = ({ keys }: KeyRule): boolean => {
      if (keys.kind === 'name') return keys.name === name;
      if (keys.kind === 'pattern') return matched.has(dfaId(keys.dfa));
      return (
        !(name !== undefined && keys.names.includes(name)) &&
        !keys.patterns.some((dfa) => matched.has(dfaId(dfa)))
      );
    };
    let value: Conjunction = [];
    for (const rule of [...shape.rules, ...named]) if (applies(rule)) value = both(value, rule.value);
    const needs = wild.flatMap((need, i) => (applies(need) ? [i] : []));
    const own = name !== undefined && told.has(name) ? name : '';
    const text = `${value.join('&')};${needs.join(',')};${own}`;
    let label = labels.get(text);
    if (label === undefined) {
      classes.push({ value, needs });
      label = classes.length;
      labels.set(text, label);
    }
    return label;
  };
  const dfa = buildDfa<readonly number[]>(
    dfas.map((d) => (d.starts.length === 0 ? -1 : 0)),
    (states) => states.join(','),
    (states) => productEdges(dfas, states),
    labelOf,
  );
  return { dfa, classes };
}
