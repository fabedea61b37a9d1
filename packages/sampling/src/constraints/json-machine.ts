// Reads JSON by shapes: frames of the pushdown machine for values, objects and arrays. An object remembers its keys,
// so their order is free and none comes twice; an array remembers its length, counts and, for uniqueItems, its values.
// Every step is offered only if the object or array can still be finished behind it.
import { arrayClosable, arrayFeasible, itemChoices } from './array-choices.ts';
import { boundedAutomaton } from './char-automaton.ts';
import { allStrings } from './char-dfa.ts';
import { both, type Conjunction } from './conjunction.ts';
import { dfaId } from './dfa-id.ts';
import { distinctItem, leftOpen } from './distinct-item.ts';
import { UnsupportedConstraintError } from './errors.ts';
import { freshKeys, labelOf, stateOf } from './key-automaton.ts';
import { fewKeys, keyBase, manyLeft } from './key-base.ts';
import { type Lexeme, literalLexeme } from './lexeme.ts';
import type { Emit, Frame, LexemeBase, Machine, Readable, Stack } from './machine.ts';
import { Memo } from './memo.ts';
import type { ObjectPlan, Productivity } from './productivity.ts';
import type { SchemaCompiler } from './schema-compiler.ts';
import { type ArrayShape, shapeKey } from './shapes.ts';
import { stringLexeme } from './string-lexeme.ts';
import { jsonStringLexeme, utf8Lexeme } from './text-lexeme.ts';

/** How the text may be laid out. */
export interface JsonLayout {
  /** True: one space may stand after `{ [ , :` and before `} ]`. */
  readonly spaces: boolean;
  /** True: declared properties come in the schema's order, others behind them. */
  readonly ordered: boolean;
}

interface ObjectState {
  readonly plan: ObjectPlan;
  /** The keys so far, in order of code units (in the order of coming when the layout is ordered). */
  readonly seen: readonly string[];
  /** Bits of the open-ended needs that are met. */
  readonly met: number;
}

type ObjectPhase = 'first' | 'second' | 'next' | 'key' | 'lateKey' | 'close';

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

const encoder = new TextEncoder();
const [space, quote, comma, colon] = [0x20, 0x22, 0x2c, 0x3a];
const [openBracket, closeBracket, openBrace, closeBrace] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Makes readables of conjunctions. */
export class JsonMachine {
  readonly #machine: Machine;
  readonly #compiler: SchemaCompiler;
  readonly #live: Productivity;
  readonly #layout: JsonLayout;
  /** Tells the frames of several schemas in one machine apart. */
  readonly #tag: number;
  /** Where looking ahead ends. */
  readonly #open: Frame;
  readonly #values = new Memo<string, Readable>(4000);
  readonly #lexemes = new Memo<string, Readable>(1000);
  readonly #baseLexemes = new Memo<number, Lexeme>(50);
  readonly #keyLexemes = new Memo<string, Lexeme>(200);
  readonly #shapeIds = new Memo<string, number>(4000);
  readonly #ways = new Memo<string, readonly ItemWay[]>(1000);
  #shapes = 0;

  constructor(machine: Machine, compiler: SchemaCompiler, live: Productivity, layout: JsonLayout) {
    this.#machine = machine;
    this.#compiler = compiler;
    this.#live = live;
    this.#layout = layout;
    this.#tag = machine.newId();
    const open: Frame = machine.frame('open', () => ({
      open: true,
      resume: (rest, out) => out(machine.push(open, rest)),
    }));
    this.#open = open;
  }

  /** Any value that satisfies the conjunction. */
  value(conjunction: Conjunction): Readable {
    return this.#values.of(conjunction.join('&'), () => {
      let parts: Readable[] | undefined; // expanded when first reached: schemas are recursive
      const machine = this.#machine;
      return {
        id: machine.newId(),
        enter: (rest, out) => {
          parts ??= this.#parts(conjunction);
          for (const part of parts) machine.enter(part, rest, out);
        },
      };
    });
  }

  #parts(conjunction: Conjunction): Readable[] {
    return this.#live.liveShapes(conjunction).map((shape) => {
      switch (shape.type) {
        case 'number':
          return this.#lexeme(`#${dfaId(shape.dfa)}`, () => utf8Lexeme(boundedAutomaton(shape.dfa)));
        case 'string':
          return this.#lexeme(shapeKey(shape), () => stringLexeme(shape));
        case 'array':
          return this.#opening(openBracket, `[${this.#idOf(shapeKey(shape))}`, (rest, out) => {
            const state: ArrayState = { shape, index: 0, counts: shape.contains.map(() => 0), seen: [] };
            out(this.#machine.push(this.#arrayFrame(state, 'first'), rest));
            this.#beginItem(state, rest, out);
          });
        case 'object': {
          const plan = this.#live.plan(shape);
          if (plan.wild.length > 20) throw new UnsupportedConstraintError('not', '', 'too many alternatives');
          return this.#opening(openBrace, `{${plan.id}`, (rest, out) =>
            out(this.#machine.push(this.#objectFrame({ plan, seen: [], met: 0 }, 'first'), rest)),
          );
        }
        default:
          return this.#lexeme(shape.type, () => literalLexeme(encoder.encode(shape.type)));
      }
    });
  }

  #idOf(key: string): number {
    return this.#shapeIds.of(key, () => this.#shapes++);
  }

  #lexeme(key: string, make: () => Lexeme): Readable {
    return this.#lexemes.of(key, () => this.#machine.lexeme(make()));
  }

  #opening(byte: number, key: string, inside: (rest: Stack, out: Emit) => void): Readable {
    return this.#lexemes.of(key, () => {
      const frame = this.#machine.frame(`open ${this.#tag} ${key}`, () => ({
        step: (b, rest, out) => {
          if (b === byte) inside(rest, out);
        },
      }));
      return { id: this.#machine.newId(), enter: (rest, out) => out(this.#machine.push(frame, rest)) };
    });
  }

  // Objects

  #missing(state: ObjectState): number {
    let count = 0;
    for (const name of state.plan.required) if (!state.seen.includes(name)) count++;
    for (let i = 0; i < state.plan.wild.length; i++) if (((state.met >> i) & 1) === 0) count++;
    return count;
  }

  #objectClosable(state: ObjectState): boolean {
    return state.seen.length >= state.plan.shape.min && this.#missing(state) === 0;
  }

  #keysLeft(state: ObjectState): boolean {
    const lexeme = this.#keyLexeme(state);
    return !lexeme.empty;
  }

  #objectFrame(state: ObjectState, phase: ObjectPhase): Frame {
    const key = `obj ${this.#tag} ${phase} ${state.plan.id} ${state.met} ${JSON.stringify(state.seen)}`;
    return this.#machine.frame(key, () => {
      const { spaces } = this.#layout;
      const closable = this.#objectClosable(state);
      const beginsKey = phase !== 'next' && phase !== 'close' && this.#keysLeft(state);
      const to = (next: ObjectPhase, rest: Stack, out: Emit): void =>
        out(this.#machine.push(this.#objectFrame(state, next), rest));
      return {
        resume: (rest, out) => out(this.#machine.push(this.#objectFrame(state, phase), rest)),
        step: (byte, rest, out) => {
          if (byte === closeBrace && closable && phase !== 'key' && phase !== 'lateKey')
            this.#machine.pop(rest, out);
          else if (byte === quote && beginsKey) out(this.#machine.push(this.#keyFrame(state, 0, ''), rest));
          else if (byte === comma && phase === 'next' && this.#keysLeft(state)) to('key', rest, out);
          else if (byte === space && spaces) {
            if (phase === 'first') to('second', rest, out);
            else if (phase === 'key') to('lateKey', rest, out);
            else if (phase === 'next' && closable) to('close', rest, out);
          }
        },
      };
    });
  }

  /** The keys that may come now, without the opening quote. */
  #keyLexeme(state: ObjectState): Lexeme {
    return this.#keyLexemes.of(`${state.plan.id} ${state.met} ${JSON.stringify(state.seen)}`, () =>
      jsonStringLexeme(freshKeys(state.plan, state.seen, this.#missing(state), this.#layout.ordered), {
        opened: true,
        named: true,
      }),
    );
  }

  /** See `keyBase`; undefined where it does not hold. */
  #baseOf(
    { plan, seen }: ObjectState,
    lexeme: Lexeme,
    at: number,
    text: string,
  ): (() => LexemeBase | undefined) | undefined {
    if (this.#layout.ordered || lexeme.origin(at) < 0 || !manyLeft(plan, seen)) return undefined;
    const base = (): Lexeme =>
      this.#baseLexemes.of(plan.id, () =>
        jsonStringLexeme(boundedAutomaton(plan.keys), { opened: true, named: true }),
      );
    return () => keyBase(base(), seen, text);
  }

  #keyFrame(state: ObjectState, at: number, text: string): Frame {
    const lexeme = this.#keyLexeme(state);
    const { plan } = state;
    const key = `key ${this.#tag} ${lexeme.id} ${at} ${plan.id} ${state.met} ${JSON.stringify([text, state.seen])}`;
    return this.#machine.frame(key, () => ({
      lexeme,
      state: at,
      ahead: {
        byText: (origin) =>
          plan.counts[origin % plan.counts.length] <= Math.max(fewKeys, state.seen.length + 1),
        base: this.#baseOf(state, lexeme, at, text),
        kind: (more) => this.#openName(state, text + more).join(' '),
        leave: (more, rest, out) => {
          // Whatever the name is, it may not come again: a second key of the same object is looked at exactly.
          if (state.seen.includes(leftOpen)) out(this.#machine.push(this.#open, rest));
          else this.#afterKey(state, ...this.#openName(state, text + more), rest, out);
        },
      },
      step: (byte, rest, out) => {
        const next = lexeme.row(at)[byte];
        if (next < 0) return;
        if (lexeme.accepts(next)) {
          if (state.seen.includes(leftOpen)) out(this.#machine.push(this.#open, rest));
          else this.#afterKey(state, labelOf(state.plan.keys, text), text, rest, out);
          return;
        }
        const char = lexeme.emit(at, byte);
        out(
          this.#machine.push(
            this.#keyFrame(state, next, char < 0 ? text : text + String.fromCodePoint(char)),
            rest,
          ),
        );
      },
    }));
  }

  /**
   * The label of a key, and its name where more than its not coming again depends on it: where it is told from others, or
   * where so few keys begin like it that with those that have come it could use them up.
   */
  #openName({ plan, seen }: ObjectState, name: string): [label: number, name: string] {
    const at = stateOf(plan.keys, name);
    const told = plan.told.has(name) || plan.counts[at] <= seen.length + 1;
    return [plan.keys.labels[at], told ? name : leftOpen];
  }

  #afterKey(state: ObjectState, label: number, name: string, rest: Stack, out: Emit): void {
    const { plan } = state;
    const one = plan.classes[label - 1];
    const seen = this.#layout.ordered ? [...state.seen, name] : [...state.seen, name].sort();
    const open = one.needs.filter((i) => ((state.met >> i) & 1) === 0);
    for (let mask = 0; mask < 1 << open.length; mask++) {
      let value = one.value;
      let { met } = state;
      open.forEach((need, bit) => {
        if (((mask >> bit) & 1) === 0) return;
        value = both(value, plan.wild[need].value);
        met |= 1 << need;
      });
      if (mask > 0 && !this.#live.productive(value)) continue;
      const after: ObjectState = { plan, seen, met };
      if (plan.shape.max - seen.length < this.#missing(after)) continue;
      this.#colon(value, this.#objectFrame(after, 'next'), rest, out);
    }
  }

  #colon(value: Conjunction, then: Frame, rest: Stack, out: Emit): void {
    const readable = this.value(value);
    const frame = this.#machine.frame(`colon ${readable.id} ${then.id}`, () => ({
      step: (byte, below, emit) => {
        if (byte === colon) this.#spaced(readable, this.#machine.push(then, below), emit);
      },
    }));
    out(this.#machine.push(frame, rest));
  }

  /** The readable, with one optional space before it. */
  #spaced(readable: Readable, rest: Stack, out: Emit): void {
    this.#machine.enter(readable, rest, out);
    if (!this.#layout.spaces) return;
    const frame = this.#machine.frame(`space ${readable.id}`, () => ({
      step: (byte, below, emit) => {
        if (byte === space) this.#machine.enter(readable, below, emit);
      },
    }));
    out(this.#machine.push(frame, rest));
  }

  // Arrays

  #arrayFrame(state: ArrayState, phase: 'first' | 'next' | 'close'): Frame {
    const { shape, index, counts, seen } = state;
    // Beyond everything that depends on the position, positions are alike.
    const settled = Math.max(shape.prefix.length, shape.min, ...shape.contains.map((c) => c.from));
    const place = shape.max < Infinity ? index : Math.min(index, settled);
    const key = `arr ${this.#tag} ${phase} ${this.#idOf(shapeKey(shape))} ${place} ${counts.join(',')} ${JSON.stringify(seen)}`;
    return this.#machine.frame(key, () => {
      const { spaces } = this.#layout;
      const closable = arrayClosable(shape, index, counts);
      const spacedItem = (): Frame =>
        this.#machine.frame(`item ${this.#tag} ${key}`, () => ({
          step: (byte, rest, out) => {
            if (byte === space) this.#beginItem(state, rest, out);
          },
        }));
      return {
        resume: (rest, out) => out(this.#machine.push(this.#arrayFrame(state, phase), rest)),
        step: (byte, rest, out) => {
          if (byte === closeBracket) {
            if (closable) this.#machine.pop(rest, out);
          } else if (byte === space && spaces) {
            if (phase === 'first') {
              if (closable) out(this.#machine.push(this.#arrayFrame(state, 'close'), rest));
              this.#beginItem(state, rest, out);
            } else if (phase === 'next' && closable)
              out(this.#machine.push(this.#arrayFrame(state, 'close'), rest));
          } else if (phase === 'next' && byte === comma && !this.#endless(state)) {
            out(this.#machine.push(this.#open, rest));
          } else if (phase === 'next' && byte === comma) {
            this.#beginItem(state, rest, out);
            if (spaces && this.#itemWays(state).length > 0) out(this.#machine.push(spacedItem(), rest));
          }
        },
      };
    });
  }

  /** Whether, for all that was left open of the items so far, every text of a next one can be gone on with. */
  #endless({ shape, index, seen }: ArrayState): boolean {
    const open = seen.filter((value) => value === leftOpen).length;
    if (open !== 1) return open === 0;
    return this.#live
      .liveShapes(shape.prefix[index] ?? shape.rest)
      .every((s) => s.type === 'string' && s.dfa === allStrings && s.max === Infinity);
  }

  #beginItem(state: ArrayState, rest: Stack, out: Emit): void {
    for (const way of this.#itemWays(state))
      this.#machine.enter(way.readable, this.#machine.push(way.next, rest), out);
  }

  #itemWays(state: ArrayState): readonly ItemWay[] {
    const { shape, index, counts, seen } = state;
    if (index >= shape.max) return [];
    const key = `${this.#idOf(shapeKey(shape))} ${index} ${counts.join(',')} ${JSON.stringify(seen)}`;
    return this.#ways.of(key, () => this.#waysOf(state));
  }

  #waysOf({ shape, index, counts, seen }: ArrayState): readonly ItemWay[] {
    const ask = (value: Conjunction): boolean => this.#live.productive(value);
    const ways: ItemWay[] = [];
    for (const choice of itemChoices(shape, index, counts)) {
      const known = seen.filter((v) => v !== leftOpen);
      const value = shape.unique ? both(choice.value, this.#compiler.excluding(known)) : choice.value;
      if (!ask(value)) continue;
      const next: ArrayState = { shape, index: index + 1, counts: choice.counts, seen };
      if (shape.contains.length > 0 && !arrayFeasible(shape, next.index, next.counts, ask)) continue;
      if (shape.unique && shape.contains.length > 0)
        throw new UnsupportedConstraintError('uniqueItems', '', 'with contains');
      const readable = shape.unique ? this.#distinct(value, next) : this.value(value);
      ways.push({ readable, next: this.#arrayFrame(next, 'next') });
    }
    return ways;
  }

  /** An item whose value is remembered. */
  #distinct(value: Conjunction, next: ArrayState): Readable {
    return distinctItem(this.#machine, {
      key: `${this.#tag} ${this.#idOf(shapeKey(next.shape))} ${value.join('&')}`,
      value: this.value(value),
      seen: next.seen,
      behind: (seen) => this.#arrayFrame({ ...next, seen }, 'next'),
      open: this.#open,
    });
  }
}
