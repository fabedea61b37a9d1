// Which keys an object of a shape could have, and what each asks of its value.
import { allStrings, buildDfa, type CharDfa, countStrings, productEdges, stringsOf } from './char-dfa.ts';
import { isWellFormed } from './char-ranges.ts';
import { both, type Conjunction } from './conjunction.ts';
import { dfaId } from './dfa-id.ts';
import { fewKeys } from './few-keys.ts';
import { labelledStrings, relabel } from './labelled-dfa.ts';
import type { KeyRule, ObjectShape } from './shapes.ts';

/** So many keys, and more, no object uses up. */
const countless = 100_000;

/** What a key of some kind asks of its value. */
export interface KeyClass {
  readonly value: Conjunction;
  /** Indexes of the open-ended needs that the key may meet. */
  readonly needs: readonly number[];
  /** The only key of the class, if more is told of it than its value. */
  readonly name?: string;
  /** How many keys there are of a class that may meet needs, where they are many but not without end. */
  readonly limited?: number;
}

/** The keys, labelled by class (label - 1). */
export interface KeyProduct {
  readonly dfa: CharDfa;
  readonly classes: readonly KeyClass[];
  /** Names by which more is told than their value: each is a class of its own. */
  readonly told: ReadonlySet<string>;
}

/**
 * All keys an object of the shape could have, by class; nothing about whether the values exist. Few keys that may meet a
 * need are classes of their own, so that it is known when they have come.
 */
export function keyProduct(shape: ObjectShape): KeyProduct {
  const product = productOf(shape);
  const few: string[] = [];
  const counts = product.classes.map((one, i) => {
    if (one.needs.length === 0 || one.name !== undefined) return Infinity;
    const keys = relabel(product.dfa, (label) => (label === i + 1 ? 1 : 0));
    const count = keys.starts.length === 0 ? 0 : countStrings(keys)[0];
    if (count <= fewKeys) few.push(...stringsOf(keys));
    return count;
  });
  if (few.length > 0) return keyProduct({ ...shape, order: [...shape.order, ...few] });
  const classes = product.classes.map((one, i) =>
    counts[i] < countless ? { ...one, limited: counts[i] } : one,
  );
  return { ...product, classes };
}

function productOf(shape: ObjectShape): KeyProduct {
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
    const own = name !== undefined && told.has(name) ? name : undefined;
    const text = `${value.join('&')};${needs.join(',')};${JSON.stringify(own)}`;
    let label = labels.get(text);
    if (label === undefined) {
      classes.push({ value, needs, ...(own !== undefined && { name: own }) });
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
  return { dfa, classes, told };
}
