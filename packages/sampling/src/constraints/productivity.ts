// Which conjunctions some value satisfies: the least fixpoint over what a shape cannot do without. The machine offers
// only what is productive, so no allowed prefix is a dead end.

import { arrayFeasible, itemChoices } from './array-choices.ts';
import { boundedAutomaton } from './char-automaton.ts';
import { allStrings, type CharDfa, countStrings, intersectDfa, uniteDfa } from './char-dfa.ts';
import { both, type Conjunction } from './conjunction.ts';
import { UnsupportedConstraintError } from './errors.ts';
import { type KeyProduct, keyProduct } from './key-product.ts';
import { relabel } from './labelled-dfa.ts';
import { Memo } from './memo.ts';
import { canonicalNumber } from './number-dfa.ts';
import { canBeMet, type NeedsPlan } from './open-needs.ts';
import type { SchemaCompiler } from './schema-compiler.ts';
import { type ArrayShape, type ObjectShape, type Shape, shapeKey } from './shapes.ts';

/** An object shape made ready for reading. */
export interface ObjectPlan extends NeedsPlan {
  readonly id: number;
  /** The keys that can be there, labelled by class (label - 1). */
  readonly keys: CharDfa;
  readonly counts: readonly number[];
  /** Names by which more is told than their value: each is a class of its own. */
  readonly told: ReadonlySet<string>;
}

/** Names that must be there, and needs whose key is open. */
function needsOf({ needs }: ObjectShape): Pick<NeedsPlan, 'required' | 'wild'> {
  const required = new Set<string>();
  for (const { keys } of needs) if (keys.kind === 'name') required.add(keys.name);
  return { required: [...required], wild: needs.filter((n) => n.keys.kind !== 'name') };
}

const mostSettled = 20_000;

type Ask = (conjunction: Conjunction) => boolean;

/** Answers what can be satisfied, and plans objects and arrays. */
export class Productivity {
  readonly #compiler: SchemaCompiler;
  readonly #settled = new Map<string, boolean>();
  readonly #plans = new Memo<string, ObjectPlan>(1000);
  readonly #products = new Memo<string, KeyProduct>(1000);
  #planIds = 0;

  constructor(compiler: SchemaCompiler) {
    this.#compiler = compiler;
  }

  /** Whether some value satisfies the conjunction. */
  productive(conjunction: Conjunction): boolean {
    if (conjunction.length === 0) return true;
    const key = conjunction.join('&');
    const known = this.#settled.get(key);
    if (known !== undefined) return known;
    const asked = new Map<string, Conjunction>([[key, conjunction]]);
    const found = new Set<string>();
    const ask: Ask = (inner) => {
      if (inner.length === 0) return true;
      const name = inner.join('&');
      const settled = this.#settled.get(name);
      if (settled !== undefined) return settled;
      if (!asked.has(name)) asked.set(name, inner);
      return found.has(name);
    };
    for (let changed = true; changed; ) {
      changed = false;
      const before = asked.size;
      for (const [name, inner] of asked)
        if (!found.has(name) && this.#compiler.shapesOf(inner).some((shape) => this.#shape(shape, ask))) {
          found.add(name);
          changed = true;
        }
      if (asked.size > before) changed = true;
      if (asked.size > 20_000) throw new UnsupportedConstraintError('$ref', '', 'too many combinations');
    }
    if (this.#settled.size > mostSettled) this.#settled.clear(); // items that must differ ask ever new questions
    for (const name of asked.keys()) this.#settled.set(name, found.has(name));
    return found.has(key);
  }

  /** Expands everything that can be reached, so that what is not supported is refused now and not in mid-text. */
  check(root: Conjunction): void {
    const seen = new Set<string>();
    const queue: Conjunction[] = [root];
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      const key = next.join('&');
      if (next.length === 0 || seen.has(key)) continue;
      seen.add(key);
      if (seen.size > 20_000) throw new UnsupportedConstraintError('$ref', '', 'too many combinations');
      for (const shape of this.liveShapes(next)) {
        if (shape.type === 'array') {
          for (let i = 0; i <= shape.prefix.length; i++) {
            if (shape.contains.length === 0) queue.push(shape.prefix[i] ?? shape.rest);
            else {
              const full = shape.contains.map(() => 0);
              for (const choice of itemChoices(shape, i, full)) queue.push(choice.value);
            }
          }
          if (shape.unique) {
            if (shape.contains.length > 0)
              throw new UnsupportedConstraintError('uniqueItems', '', 'with contains');
            for (const item of [...shape.prefix, shape.rest]) this.#negatable(item);
          }
        } else if (shape.type === 'object') {
          const plan = this.plan(shape);
          for (const one of plan.classes) {
            queue.push(one.value);
            for (const need of one.needs) queue.push(both(one.value, plan.wild[need].value));
          }
        }
      }
    }
  }

  // Items that must differ are told apart by the negations of their values: those of objects that are closed and
  // without room to differ could lead into dead ends that only the count of values shows.
  #negatable(item: Conjunction): void {
    for (const shape of this.liveShapes(item))
      if (shape.type === 'array' && (shape.unique || shape.contains.length > 0))
        throw new UnsupportedConstraintError('uniqueItems', '', 'of arrays that are constrained so');
  }

  /** The shapes that some value has. */
  liveShapes(conjunction: Conjunction): readonly Shape[] {
    return this.#compiler
      .shapesOf(conjunction)
      .filter((shape) => this.#shape(shape, (inner) => this.productive(inner)));
  }

  #shape(shape: Shape, ask: Ask): boolean {
    if (shape.type === 'array') return this.#array(shape, ask);
    if (shape.type === 'object') return this.#object(shape, ask);
    return true;
  }

  #array(shape: ArrayShape, ask: Ask): boolean {
    if (shape.max < shape.min) return false;
    if (shape.contains.length > 0)
      return arrayFeasible(
        shape,
        0,
        shape.contains.map(() => 0),
        ask,
      );
    for (let i = 0; i < Math.min(shape.min, shape.prefix.length); i++)
      if (!ask(shape.prefix[i])) return false;
    if (shape.min > shape.prefix.length && !ask(shape.rest)) return false;
    if (shape.unique && shape.min > 1) {
      const kinds = [
        ...shape.prefix.slice(0, shape.min),
        ...(shape.min > shape.prefix.length ? [shape.rest] : []),
      ];
      const sizes = kinds.map((kind) => this.cardinality(kind));
      if (sizes.every((size) => size >= shape.min)) return true;
      if (shape.prefix.length > 0)
        throw new UnsupportedConstraintError('uniqueItems', '', 'with few values at a position');
      return false;
    }
    return true;
  }

  #object(shape: ObjectShape, ask: Ask): boolean {
    if (shape.max < shape.min) return false;
    const { required, wild } = needsOf(shape);
    for (const name of required) if (!ask(this.valueIn(shape, name))) return false;
    if (required.length > shape.max) return false;
    if (wild.length === 0 && shape.min <= required.length) return true;
    const { dfa, classes } = this.#product(shape);
    const live = relabel(dfa, (label) => (ask(classes[label - 1].value) ? label : 0));
    const total = live.starts.length === 0 ? 0 : countStrings(live)[0];
    if (total < shape.min) return false;
    return canBeMet({ shape, classes, required, wild }, { seen: [], met: 0 }, false, ask);
  }

  #product(shape: ObjectShape): KeyProduct {
    return this.#products.of(shapeKey(shape) + shape.order.join('\n'), () => keyProduct(shape));
  }

  /** The plan of an object shape, productive keys only. */
  plan(shape: ObjectShape): ObjectPlan {
    return this.#plans.of(shapeKey(shape) + shape.order.join('\n'), () => {
      const { dfa, classes, told } = this.#product(shape);
      const keys = relabel(dfa, (label) => (this.productive(classes[label - 1].value) ? label : 0));
      return {
        id: this.#planIds++,
        shape,
        keys,
        counts: countStrings(keys),
        told,
        classes,
        ...needsOf(shape),
      };
    });
  }

  /** A lower bound, exact for scalars, of how many different values there are. */
  cardinality(conjunction: Conjunction): number {
    let total = 0;
    let numbers: CharDfa | undefined;
    let strings: CharDfa | undefined;
    for (const shape of this.liveShapes(conjunction)) {
      switch (shape.type) {
        case 'number': {
          const plain = intersectDfa(shape.dfa, canonicalNumber);
          numbers = numbers === undefined ? plain : uniteDfa(numbers, plain);
          break;
        }
        case 'string': {
          if (shape.min === 0 && shape.max === Infinity) {
            strings = strings === undefined ? shape.dfa : uniteDfa(strings, shape.dfa);
            break;
          }
          const many = countStrings(shape.dfa)[0];
          if (
            many === Infinity &&
            (shape.max > 3 || boundedAutomaton(shape.dfa, shape.min, shape.max).start < 0)
          )
            return Infinity;
          throw new UnsupportedConstraintError('uniqueItems', '', 'over few short strings');
        }
        case 'array':
        case 'object':
          if (this.#endless(shape)) return Infinity;
          if (shape.type === 'object' && shape.needs.every((n) => n.keys.kind === 'name')) {
            const plan = this.plan(shape);
            if (plan.counts[0] === plan.required.length) {
              total += plan.required.reduce(
                (product, name) => product * this.cardinality(this.valueIn(shape, name)),
                1,
              );
              break;
            }
          }
          if (
            shape.type === 'array' &&
            shape.contains.length === 0 &&
            !shape.unique &&
            shape.min === shape.max
          ) {
            let product = 1;
            for (let i = 0; i < shape.min; i++) product *= this.cardinality(shape.prefix[i] ?? shape.rest);
            total += product;
            break;
          }
          throw new UnsupportedConstraintError('uniqueItems', '', 'over few arrays or objects');
        default:
          total++;
      }
    }
    for (const dfa of [numbers, strings])
      if (dfa !== undefined && dfa.starts.length > 0) total += countStrings(dfa)[0];
    return total;
  }

  /** What an object's shape asks of the value of a name. */
  valueIn(shape: ObjectShape, name: string): Conjunction {
    return both(
      this.#compiler.valueOf(shape.rules, name),
      this.#compiler.valueOf(
        shape.needs.filter((n) => n.keys.kind === 'name'),
        name,
      ),
    );
  }

  #endless(shape: ArrayShape | ObjectShape): boolean {
    if (shape.type === 'array')
      return (
        shape.max === Infinity && shape.contains.length === 0 && !shape.unique && this.productive(shape.rest)
      );
    if (shape.max < Infinity) return false;
    const plan = this.plan(shape);
    if (plan.counts[0] === Infinity) return true;
    return plan.required.some((name) => {
      const value = this.valueIn(shape, name);
      return (
        this.#compiler
          .shapesOf(value)
          .some((s) => s.type === 'string' && s.dfa === allStrings && s.max === Infinity) ||
        this.#numbersEndless(value)
      );
    });
  }

  #numbersEndless(value: Conjunction): boolean {
    return this.#compiler
      .shapesOf(value)
      .some((s) => s.type === 'number' && countStrings(intersectDfa(s.dfa, canonicalNumber))[0] === Infinity);
  }
}
