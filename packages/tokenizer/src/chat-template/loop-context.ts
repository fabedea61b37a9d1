// The `loop` of a for, looking one item ahead only when asked, as Jinja2's LoopContext does.
import { equals, sizeOf } from './python-compare.ts';
import { computedOrigin, Str } from './str.ts';
import { fail } from './template-error.ts';
import { type Arguments, Callable, int, PyObject, Tuple, Undefined, type Value } from './values.ts';

export class LoopContext extends PyObject {
  override readonly typeName = 'LoopContext';
  override readonly call: ((args: Arguments) => Value) | undefined;
  private readonly iterable: Value | undefined;
  private readonly depth0: number;
  private iterator: Iterator<Value>;
  private index0 = -1;
  private length: number | undefined;
  private after: Value | undefined;
  private current: Value | undefined;
  private before: Value | undefined;
  private lastChanged: Tuple | undefined;

  /** `iterable` is undefined when a test filters the items, whose number is then not known beforehand. */
  constructor(
    iterable: Value | undefined,
    iterator: Iterator<Value>,
    depth0: number,
    recurse: ((items: Value, depth: number) => Value) | undefined,
  ) {
    super();
    this.iterable = iterable;
    this.iterator = iterator;
    this.depth0 = depth0;
    this.call = (args) => {
      if (recurse === undefined)
        return fail("the loop must have the 'recursive' marker to be called recursively");
      return recurse(args.bind('loop', ['iterable'], 1)[0]!, depth0 + 1);
    };
  }

  /** The next item, or undefined at the end. */
  next(): Value | undefined {
    const item = this.after === undefined ? take(this.iterator) : this.after;
    this.after = undefined;
    if (item === undefined) return undefined;
    this.index0++;
    this.before = this.current;
    this.current = item;
    return item;
  }

  override repr(): Str {
    return new Str(`<LoopContext ${this.index0 + 1}/${this.size}>`, computedOrigin);
  }

  override get size(): number {
    if (this.length !== undefined) return this.length;
    const known = this.iterable === undefined ? undefined : sizeOf(this.iterable);
    if (known !== undefined) {
      this.length = known;
      return known;
    }
    const rest: Value[] = [];
    for (let item = take(this.iterator); item !== undefined; item = take(this.iterator)) rest.push(item);
    this.iterator = rest[Symbol.iterator]();
    this.length = rest.length + this.index0 + 1 + (this.after === undefined ? 0 : 1);
    return this.length;
  }

  private peek(): Value | undefined {
    if (this.after === undefined) this.after = take(this.iterator);
    return this.after;
  }

  override attribute(name: string): Value | undefined {
    switch (name) {
      case 'index':
        return int(this.index0 + 1);
      case 'index0':
        return int(this.index0);
      case 'first':
        return this.index0 === 0;
      case 'last':
        return this.peek() === undefined;
      case 'length':
        return int(this.size);
      case 'revindex':
        return int(this.size - this.index0);
      case 'revindex0':
        return int(this.size - this.index0 - 1);
      case 'depth':
        return int(this.depth0 + 1);
      case 'depth0':
        return int(this.depth0);
      case 'previtem':
        return this.before ?? (this.index0 > 0 ? null : new Undefined('there is no previous item'));
      case 'nextitem': {
        const item = this.peek();
        return item === undefined ? new Undefined('there is no next item') : item;
      }
      case 'cycle':
        return new Callable('cycle', ({ positional }) =>
          positional.length === 0
            ? fail('no items for cycling given')
            : positional[this.index0 % positional.length],
        );
      case 'changed':
        return new Callable('changed', ({ positional }) => {
          const value = new Tuple(positional);
          if (this.lastChanged !== undefined && equals(this.lastChanged, value)) return false;
          this.lastChanged = value;
          return true;
        });
    }
    return undefined;
  }
}

function take(iterator: Iterator<Value>): Value | undefined {
  const step = iterator.next();
  return step.done ? undefined : step.value;
}
