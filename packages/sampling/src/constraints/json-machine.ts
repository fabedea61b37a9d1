// Reads JSON by shapes: frames of the pushdown machine for values, objects and arrays. An object remembers its keys,
// so their order is free and none comes twice (arrays: json-arrays.ts). Every step is offered only if the object or array
// can still be finished behind it.
import { boundedAutomaton } from './char-automaton.ts';
import type { Conjunction } from './conjunction.ts';
import { dfaId } from './dfa-id.ts';
import { leftOpen } from './distinct-item.ts';
import { UnsupportedConstraintError } from './errors.ts';
import { fewKeys } from './few-keys.ts';
import { JsonArrays } from './json-arrays.ts';
import { freshKeys, labelOf, stateOf } from './key-automaton.ts';
import { keyBase, manyLeft } from './key-base.ts';
import { type Lexeme, literalLexeme } from './lexeme.ts';
import type { Emit, Frame, LexemeBase, Machine, Readable, Stack } from './machine.ts';
import { Memo } from './memo.ts';
import { canBeMet, meetings, openNeeds } from './open-needs.ts';
import type { ObjectPlan, Productivity } from './productivity.ts';
import type { SchemaCompiler } from './schema-compiler.ts';
import { shapeKey } from './shapes.ts';
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

interface KeyWay {
  readonly value: Conjunction;
  readonly after: ObjectState;
}

interface KeyLexeme {
  readonly lexeme: Lexeme;
  /** See `FreshKeys`, by the lexeme's origins. */
  few(origin: number, most: number): boolean;
}

type ObjectPhase = 'first' | 'second' | 'next' | 'key' | 'lateKey' | 'close';

const encoder = new TextEncoder();
const [space, quote, comma, colon] = [0x20, 0x22, 0x2c, 0x3a];
const [openBracket, openBrace, closeBrace] = [0x5b, 0x7b, 0x7d];

/** Makes readables of conjunctions. */
export class JsonMachine {
  readonly #machine: Machine;
  readonly #live: Productivity;
  readonly #layout: JsonLayout;
  /** Tells the frames of several schemas in one machine apart. */
  readonly #tag: number;
  /** Where looking ahead ends. */
  readonly #open: Frame;
  readonly #values = new Memo<string, Readable>(4000);
  readonly #lexemes = new Memo<string, Readable>(1000);
  readonly #baseLexemes = new Memo<number, Lexeme>(50);
  readonly #keyLexemes = new Memo<string, KeyLexeme>(200);
  readonly #meetable = new Memo<string, boolean>(4000);
  readonly #shapeIds = new Memo<string, number>(4000);
  readonly #arrays: JsonArrays;
  #shapes = 0;

  constructor(machine: Machine, compiler: SchemaCompiler, live: Productivity, layout: JsonLayout) {
    this.#machine = machine;
    this.#live = live;
    this.#layout = layout;
    this.#tag = machine.newId();
    const open: Frame = machine.frame('open', () => ({
      open: true,
      resume: (rest, out) => out(machine.push(open, rest)),
    }));
    this.#open = open;
    this.#arrays = new JsonArrays({
      machine,
      compiler,
      live,
      spaces: layout.spaces,
      tag: this.#tag,
      open,
      value: (conjunction) => this.value(conjunction),
      idOf: (shape) => this.#idOf(shapeKey(shape)),
    });
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
            this.#arrays.begin(shape, rest, out);
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
    return !this.#keyLexeme(state).lexeme.empty;
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
          else if (byte === quote && beginsKey)
            out(this.#machine.push(this.#keyFrame(state, this.#keyLexeme(state), 0, ''), rest));
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

  /** Whether all that must be there can still come. */
  #canBeMet({ plan, seen, met }: ObjectState): boolean {
    return this.#meetable.of(`${plan.id} ${met} ${JSON.stringify(seen)}`, () =>
      canBeMet(plan, { seen, met }, this.#layout.ordered, (value) => this.#live.productive(value)),
    );
  }

  /** The ways to go on behind a key: what its value must be, and what is met then. */
  #waysBehind(state: ObjectState, label: number, name: string): KeyWay[] {
    const { plan } = state;
    const seen = this.#layout.ordered ? [...state.seen, name] : [...state.seen, name].sort();
    const productive = (value: Conjunction): boolean => this.#live.productive(value);
    return meetings(plan, state.met, plan.classes[label - 1], productive).flatMap(({ value, met }) => {
      const after: ObjectState = { plan, seen, met };
      return this.#canBeMet(after) ? [{ value, after }] : [];
    });
  }

  /** The keys that may come now, without the opening quote. */
  #keyLexeme(state: ObjectState): KeyLexeme {
    const { plan, seen, met } = state;
    const { ordered } = this.#layout;
    return this.#keyLexemes.of(`${plan.id} ${met} ${JSON.stringify(seen)}`, () => {
      const choosy = (plan.shape.max < Infinity || ordered) && openNeeds(plan, met).length > 0;
      const fits = (label: number): boolean =>
        label > 0 && this.#waysBehind(state, label, plan.classes[label - 1].name ?? leftOpen).length > 0;
      const { keys, few } = freshKeys(plan, seen, choosy ? fits : undefined, ordered);
      return { lexeme: jsonStringLexeme(keys, { opened: true, named: true }), few };
    });
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

  // The lexeme is handed on: one made anew, when it was forgotten meanwhile, would number its states otherwise.
  #keyFrame(state: ObjectState, keys: KeyLexeme, at: number, text: string): Frame {
    const { lexeme, few } = keys;
    const { plan } = state;
    const key = `key ${this.#tag} ${lexeme.id} ${at} ${plan.id} ${state.met} ${JSON.stringify([text, state.seen])}`;
    return this.#machine.frame(key, () => ({
      lexeme,
      state: at,
      ahead: {
        byText: (origin) => few(origin, Math.max(fewKeys, state.seen.length + 1)),
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
            this.#keyFrame(state, keys, next, char < 0 ? text : text + String.fromCodePoint(char)),
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
    for (const { value, after } of this.#waysBehind(state, label, name))
      this.#colon(value, this.#objectFrame(after, 'next'), rest, out);
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
}
