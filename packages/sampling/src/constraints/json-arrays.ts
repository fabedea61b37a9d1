// Arrays of the machine that reads JSON: an array remembers its length, counts and, for uniqueItems, its values.
import { arrayClosable, arrayFeasible, itemChoices } from './array-choices.ts';
import { allStrings } from './char-dfa.ts';
import { both, type Conjunction } from './conjunction.ts';
import { distinctItem, leftOpen } from './distinct-item.ts';
import { UnsupportedConstraintError } from './errors.ts';
import type { Emit, Frame, Machine, Readable, Stack } from './machine.ts';
import { Memo } from './memo.ts';
import type { Productivity } from './productivity.ts';
import type { SchemaCompiler } from './schema-compiler.ts';
import type { ArrayShape } from './shapes.ts';

/** What arrays need of the machine around them. */
export interface ArrayContext {
  readonly machine: Machine;
  readonly compiler: SchemaCompiler;
  readonly live: Productivity;
  readonly spaces: boolean;
  /** Tells the frames of several schemas in one machine apart. */
  readonly tag: number;
  /** Where looking ahead ends. */
  readonly open: Frame;
  value(conjunction: Conjunction): Readable;
  /** A short name of the shape. */
  idOf(shape: ArrayShape): number;
}

interface ArrayState {
  readonly shape: ArrayShape;
  readonly index: number;
  readonly counts: readonly number[];
  /** uniqueItems: the values so far, as canonical JSON. */
  readonly seen: readonly string[];
}

/** One way to read the next item, and what comes behind it. */
interface ItemWay {
  readonly readable: Readable;
  readonly next: Frame;
}

const [space, comma, closeBracket] = [0x20, 0x2c, 0x5d];

/** Reads what stands between the brackets. */
export class JsonArrays {
  readonly #around: ArrayContext;
  readonly #ways = new Memo<string, readonly ItemWay[]>(1000);

  constructor(around: ArrayContext) {
    this.#around = around;
  }

  /** Behind the opening bracket. */
  begin(shape: ArrayShape, rest: Stack, out: Emit): void {
    const state: ArrayState = { shape, index: 0, counts: shape.contains.map(() => 0), seen: [] };
    out(this.#around.machine.push(this.#arrayFrame(state, 'first'), rest));
    this.#beginItem(state, rest, out);
  }

  #arrayFrame(state: ArrayState, phase: 'first' | 'next' | 'close'): Frame {
    const { shape, index, counts, seen } = state;
    // Beyond everything that depends on the position, positions are alike.
    const settled = Math.max(shape.prefix.length, shape.min, ...shape.contains.map((c) => c.from));
    const place = shape.max < Infinity ? index : Math.min(index, settled);
    const key = `arr ${this.#around.tag} ${phase} ${this.#around.idOf(shape)} ${place} ${counts.join(',')} ${JSON.stringify(seen)}`;
    return this.#around.machine.frame(key, () => {
      const { spaces } = this.#around;
      const closable = arrayClosable(shape, index, counts);
      const spacedItem = (): Frame =>
        this.#around.machine.frame(`item ${this.#around.tag} ${key}`, () => ({
          step: (byte, rest, out) => {
            if (byte === space) this.#beginItem(state, rest, out);
          },
        }));
      return {
        resume: (rest, out) => out(this.#around.machine.push(this.#arrayFrame(state, phase), rest)),
        step: (byte, rest, out) => {
          if (byte === closeBracket) {
            if (closable) this.#around.machine.pop(rest, out);
          } else if (byte === space && spaces) {
            if (phase === 'first') {
              if (closable) out(this.#around.machine.push(this.#arrayFrame(state, 'close'), rest));
              this.#beginItem(state, rest, out);
            } else if (phase === 'next' && closable)
              out(this.#around.machine.push(this.#arrayFrame(state, 'close'), rest));
          } else if (phase === 'next' && byte === comma && !this.#endless(state)) {
            out(this.#around.machine.push(this.#around.open, rest));
          } else if (phase === 'next' && byte === comma) {
            this.#beginItem(state, rest, out);
            if (spaces && this.#itemWays(state).length > 0)
              out(this.#around.machine.push(spacedItem(), rest));
          }
        },
      };
    });
  }

  /** Whether, for all that was left open of the items so far, every text of a next one can be gone on with. */
  #endless({ shape, index, seen }: ArrayState): boolean {
    const open = seen.filter((value) => value === leftOpen).length;
    if (open !== 1) return open === 0;
    return this.#around.live
      .liveShapes(shape.prefix[index] ?? shape.rest)
      .every((s) => s.type === 'string' && s.dfa === allStrings && s.max === Infinity);
  }

  #beginItem(state: ArrayState, rest: Stack, out: Emit): void {
    for (const way of this.#itemWays(state))
      this.#around.machine.enter(way.readable, this.#around.machine.push(way.next, rest), out);
  }

  #itemWays(state: ArrayState): readonly ItemWay[] {
    const { shape, index, counts, seen } = state;
    if (index >= shape.max) return [];
    const key = `${this.#around.idOf(shape)} ${index} ${counts.join(',')} ${JSON.stringify(seen)}`;
    return this.#ways.of(key, () => this.#waysOf(state));
  }

  #waysOf({ shape, index, counts, seen }: ArrayState): readonly ItemWay[] {
    const ask = (value: Conjunction): boolean => this.#around.live.productive(value);
    const ways: ItemWay[] = [];
    for (const choice of itemChoices(shape, index, counts)) {
      const known = seen.filter((v) => v !== leftOpen);
      const value = shape.unique ? both(choice.value, this.#around.compiler.excluding(known)) : choice.value;
      if (!ask(value)) continue;
      const next: ArrayState = { shape, index: index + 1, counts: choice.counts, seen };
      if (shape.contains.length > 0 && !arrayFeasible(shape, next.index, next.counts, ask)) continue;
      if (shape.unique && shape.contains.length > 0)
        throw new UnsupportedConstraintError('uniqueItems', '', 'with contains');
      const readable = shape.unique ? this.#distinct(value, next) : this.#around.value(value);
      ways.push({ readable, next: this.#arrayFrame(next, 'next') });
    }
    return ways;
  }

  /** An item whose value is remembered. */
  #distinct(value: Conjunction, next: ArrayState): Readable {
    return distinctItem(this.#around.machine, {
      key: `${this.#around.tag} ${this.#around.idOf(next.shape)} ${value.join('&')}`,
      value: this.#around.value(value),
      seen: next.seen,
      behind: (seen) => this.#arrayFrame({ ...next, seen }, 'next'),
      open: this.#around.open,
    });
  }
}
