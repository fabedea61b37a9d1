// Objects that only a template makes: dict views, ranges, generators, namespaces, cyclers.
import { equals, iterate } from './python-compare.ts';
import { repr } from './python-text.ts';
import { computedOrigin, concatStr, Str } from './str.ts';
import { ChatTemplateError, fail } from './template-error.ts';
import { Callable, int, List, Num, PyObject, type Tuple, type Value } from './values.ts';

const shown = (text: string): Str => new Str(text, computedOrigin);

/** dict.keys(), values() and items(). */
export class View extends PyObject {
  readonly typeName: string;
  readonly items: readonly Value[];

  constructor(typeName: 'dict_keys' | 'dict_values' | 'dict_items', items: readonly (Value | Tuple)[]) {
    super();
    this.typeName = typeName;
    this.items = items;
  }

  override repr(): Str {
    return concatStr([shown(`${this.typeName}(`), repr(new List(this.items, computedOrigin)), shown(')')]);
  }
  override iterate(): Iterator<Value> {
    return this.items[Symbol.iterator]();
  }
  override get size(): number {
    return this.items.length;
  }
}

/** A generator or iterator: it can be gone through once, has no length and no items. */
export class Generator extends PyObject {
  override readonly typeName = 'generator';
  private readonly source: Iterator<Value>;

  constructor(source: Iterator<Value>) {
    super();
    this.source = source;
  }

  override repr(): Str {
    return shown('<generator object>');
  }
  override iterate(): Iterator<Value> {
    return this.source;
  }
}

/** A generator that starts, and fails, only when its first item is asked for. */
export function generator(start: () => Iterator<Value>): Generator {
  return new Generator(
    (function* () {
      yield* { [Symbol.iterator]: start };
    })(),
  );
}

/** range(start, stop, step) */
export class Range extends PyObject {
  override readonly typeName = 'range';
  readonly start: number;
  readonly stop: number;
  readonly step: number;

  constructor(start: number, stop: number, step: number) {
    super();
    if (step === 0) fail('range() arg 3 must not be zero');
    this.start = start;
    this.stop = stop;
    this.step = step;
    if (this.size > 100_000) throw new ChatTemplateError('limit', 'expected a range of at most 100000 items');
  }

  override get size(): number {
    return Math.max(0, Math.ceil((this.stop - this.start) / this.step));
  }
  override repr(): Str {
    return shown(`range(${this.start}, ${this.stop}${this.step === 1 ? '' : `, ${this.step}`})`);
  }
  override *iterate(): Iterator<Value> {
    for (let i = 0; i < this.size; i++) yield int(this.start + i * this.step);
  }
  override item(index: Value): Value | undefined {
    const isIndex = typeof index === 'boolean' || (index instanceof Num && !index.isFloat);
    if (!isIndex) return undefined;
    const at = Number(index instanceof Num ? index.value : index);
    const i = at < 0 ? at + this.size : at;
    return i >= 0 && i < this.size ? int(this.start + i * this.step) : undefined;
  }
  override attribute(name: string): Value | undefined {
    if (name === 'start' || name === 'stop' || name === 'step') return int(this[name]);
    return sequenceMethod(name, () => this.iterate());
  }
}

/** count() and index() of sequences. */
export function sequenceMethod(name: string, items: () => Iterator<Value>): Callable | undefined {
  if (name !== 'count' && name !== 'index') return undefined;
  return new Callable(name, (args) => {
    const [wanted] = args.bind(name, ['value'], 1);
    const iterator = items();
    let found = 0;
    let at = 0;
    for (let step = iterator.next(); !step.done; step = iterator.next(), at++) {
      if (!equals(step.value, wanted!)) continue;
      if (name === 'index') return int(at);
      found++;
    }
    return name === 'count' ? int(found) : fail('value is not in the sequence');
  });
}

/** namespace(): the one value that a template can change. */
export class Namespace extends PyObject {
  override readonly typeName = 'Namespace';
  private readonly values = new Map<string, Value>();

  set(name: string, value: Value): void {
    if (name.startsWith('_')) fail(`namespace: a name may not start with an underscore, got ${name}`);
    this.values.set(name, value);
  }
  override attribute(name: string): Value | undefined {
    return this.values.get(name);
  }
  override repr(): Str {
    const parts = [shown('<Namespace {')];
    for (const [name, value] of this.values) {
      if (parts.length > 1) parts.push(shown(', '));
      parts.push(shown(`'${name}': `), repr(value));
    }
    return concatStr([...parts, shown('}>')]);
  }
}

/** `self`: there, but without other templates there is nothing to reach through it. */
export class TemplateReference extends PyObject {
  override readonly typeName = 'TemplateReference';
  override repr(): Str {
    return shown('<TemplateReference None>');
  }
}

/** cycler(a, b, ...) */
export class Cycler extends PyObject {
  override readonly typeName = 'Cycler';
  private readonly items: readonly Value[];
  private position = 0;

  constructor(items: readonly Value[]) {
    super();
    if (items.length === 0) fail('cycler: expected at least one item');
    this.items = items;
  }

  override repr(): Str {
    return shown('<Cycler object>');
  }
  override attribute(name: string): Value | undefined {
    if (name === 'current') return this.items[this.position];
    if (name === 'pos') return int(this.position);
    if (name === 'items') return new List(this.items);
    if (name === 'next')
      return new Callable('next', () => {
        const value = this.items[this.position];
        this.position = (this.position + 1) % this.items.length;
        return value;
      });
    if (name === 'reset')
      return new Callable('reset', () => {
        this.position = 0;
        return null;
      });
    return undefined;
  }
}

/** Unpacks `value` into exactly `count` items. */
export function unpack(value: Value, count: number): Value[] {
  const iterator = iterate(value);
  const items: Value[] = [];
  for (let step = iterator.next(); !step.done; step = iterator.next()) {
    if (items.length === count) fail(`too many values to unpack (expected ${count})`);
    items.push(step.value);
  }
  if (items.length < count) fail(`not enough values to unpack (expected ${count}, got ${items.length})`);
  return items;
}
