// A nondeterministic pushdown machine over bytes, determinised as it runs. A state is a set of stacks; stacks share
// their tails and equal ones are one object, so sets are compared by ids and every (state, byte) step is made once.
// Frames are what a front end brings: lexemes, sequences of a grammar, JSON values with their memory.
import { UnsupportedConstraintError } from './errors.ts';
import type { Lexeme } from './lexeme.ts';

/** Where a lexeme stands, and the texts to its end that may not be read there. */
export interface LexemeBase {
  readonly lexeme: Lexeme;
  readonly state: number;
  readonly gone: Lexeme | undefined;
}

/** What a stack holds. Equal frames of one machine must be one object: see `Machine.frame`. */
export interface Frame {
  id: number;
  /** Names the frame within its machine. */
  key: string;
  /** The machine's age when it last knew the frame. */
  age: number;
  /** Reads one byte, as the top. */
  step?(byte: number, rest: Stack, out: Emit): void;
  /** Goes on when what stood above it has ended. */
  resume?(rest: Stack, out: Emit): void;
  /** The lexeme that the frame is within, and where: lets masks be cached. */
  readonly lexeme?: Lexeme;
  readonly state?: number;
  /**
   * For looking ahead, where it matters what the lexeme's text is: what follows when it ends after these further
   * characters. Texts of one kind are followed by the same; what they are is left open there.
   */
  readonly ahead?: {
    /** Whether texts that bring the lexeme's characters to this state may be of several kinds. */
    byText(origin: number): boolean;
    /** A lexeme that reads the same but for texts that are gone, which it does not count out; undefined where none does. */
    readonly base?: (() => LexemeBase | undefined) | undefined;
    kind(more: string): string;
    leave(more: string, rest: Stack, out: Emit): void;
  };
  /** For looking ahead, in place of a frame that remembers every byte: stacks that read the same. */
  readonly unfold?: (rest: Stack, out: Emit) => void;
  /** Looking ahead ends here: what follows depends on what was left open. */
  readonly open?: true;
}

/** A stack; the empty one has no frame and means that the text may end. */
export interface Stack {
  readonly id: number;
  readonly frame: Frame | undefined;
  readonly rest: Stack | undefined;
  /** The stacks of one frame more, as long as the machine remembers them. */
  above: Map<Frame, Stack> | undefined;
  /** The machine's age when it was made. */
  readonly age: number;
}

/** Takes a stack whose top waits for a byte (or the empty stack). */
export type Emit = (stack: Stack) => void;

/** Something that can be read: begins it above `rest`. */
export interface Readable {
  readonly id: number;
  enter(rest: Stack, out: Emit): void;
}

/** A set of stacks with its memoised steps. */
export interface MachineState {
  stacks: readonly Stack[];
  /** The machine's age when it last knew the state. */
  age: number;
  /** Whether the text may end here. */
  readonly complete: boolean;
  /** By byte: the next state, null for dead, undefined for not yet known. */
  next: (MachineState | null | undefined)[];
  /** Whether looking ahead ends here. */
  readonly open: boolean;
  /** The state to look ahead from. */
  ahead?: MachineState;
}

/** How much a machine remembers before it forgets and begins anew. */
export interface MachineLimits {
  readonly states: number;
  readonly stacks: number;
  readonly frames: number;
}

/** More ways to read one text than this are refused. */
const mostStacks = 20_000;

const defaultLimits: MachineLimits = { states: 12_000, stacks: 60_000, frames: 30_000 };

/**
 * Makes frames and stacks, and steps states. All that it remembers can be made again: when it is too much, it is
 * forgotten, and what is still held elsewhere goes on as before.
 */
export class Machine {
  readonly #limits: MachineLimits;
  readonly #frames = new Map<string, Frame>();
  readonly #states = new Map<string, MachineState>();
  /** The states that remember steps. */
  #stepped: MachineState[] = [];
  /** The stacks that remember what is above them, and how much that is. */
  #grown: Stack[] = [];
  #stacks = 0;
  /** How often it has forgotten. */
  #age = 0;
  #nextId = 1;
  #nextFrame = 0;
  #ids = 0;
  #entered = new Set<string>();
  readonly bottom: Stack = { id: 0, frame: undefined, rest: undefined, above: undefined, age: 0 };

  constructor(limits: MachineLimits = defaultLimits) {
    this.#limits = limits;
  }

  /** How much is remembered now. */
  get remembered(): MachineLimits {
    return {
      states: Math.max(this.#stepped.length, this.#states.size),
      stacks: this.#stacks,
      frames: this.#frames.size,
    };
  }

  /** A fresh id for a readable. */
  newId(): number {
    return ++this.#ids;
  }

  /** The one frame of this key. */
  frame(key: string, make: () => Omit<Frame, 'id' | 'key' | 'age'>): Frame {
    let frame = this.#frames.get(key);
    if (frame === undefined) {
      frame = { ...make(), id: this.#nextFrame++, key, age: this.#age };
      this.#frames.set(key, frame);
    }
    return frame;
  }

  /** `frame` above `rest`. */
  push(top: Frame, rest: Stack): Stack {
    const frame = top.age === this.#age ? top : this.#known(top);
    if (rest.above === undefined) {
      rest.above = new Map();
      this.#grown.push(rest);
    }
    let stack = rest.above.get(frame);
    if (stack === undefined) {
      stack = { id: this.#nextId++, frame, rest, above: undefined, age: this.#age };
      rest.above.set(frame, stack);
      this.#stacks++;
    }
    return stack;
  }

  /** What follows when the top has ended. */
  pop(rest: Stack, out: Emit): void {
    if (rest.frame === undefined) out(rest);
    else (rest.frame.resume as NonNullable<Frame['resume']>)(rest.rest as Stack, out);
  }

  /** Begins a readable once per closure: an empty repetition ends here. */
  enter(what: Readable, rest: Stack, out: Emit): void {
    const key = `${what.id}:${rest.id}`;
    if (this.#entered.has(key)) return;
    this.#entered.add(key);
    what.enter(rest, out);
  }

  /** A lexeme as a readable. */
  lexeme(lexeme: Lexeme): Readable {
    const frameOf = (state: number): Frame =>
      this.frame(`lex ${lexeme.id} ${state}`, () => ({
        lexeme,
        state,
        step: (byte, rest, out) => {
          const next = lexeme.step(state, byte);
          if (next >= 0) advance(next, rest, out);
        },
      }));
    const advance = (state: number, rest: Stack, out: Emit): void => {
      if (lexeme.accepts(state)) this.pop(rest, out);
      if (lexeme.continues(state)) out(this.push(frameOf(state), rest));
    };
    return { id: this.newId(), enter: (rest, out) => (lexeme.empty ? undefined : advance(0, rest, out)) };
  }

  /** The state before the first byte of `what`. */
  start(what: Readable): MachineState {
    return this.#collect((out) => this.enter(what, this.bottom, out)) ?? makeState([], this.#age);
  }

  /** The state after `byte`, or null. */
  step(state: MachineState, byte: number): MachineState | null {
    const known = state.next[byte];
    if (known !== undefined) return known;
    this.#renew(state);
    const next = this.#collect((out) => {
      for (const stack of state.stacks) stack.frame?.step?.(byte, stack.rest as Stack, out);
    });
    if (state.next.length === 0) this.#stepped.push(state);
    state.next[byte] = next;
    return next;
  }

  /** Forgets when too much is remembered; to be called where no stack is in hand. */
  settle(): void {
    const { states, stacks, frames } = this.#limits;
    const now = this.remembered;
    if (now.states <= states && now.stacks <= stacks && now.frames <= frames) return;
    // A state that someone holds would hold all that was ever reached from it.
    for (const state of this.#stepped) {
      state.next = [];
      state.ahead = undefined;
    }
    for (const stack of this.#grown) stack.above = undefined;
    this.#stepped = [];
    this.#grown = [];
    this.#states.clear();
    this.#frames.clear();
    this.#stacks = 0;
    this.#age++;
  }

  /** The frame that is now known by the name of one that was forgotten. */
  #known(frame: Frame): Frame {
    const known = this.#frames.get(frame.key);
    if (known !== undefined) return known;
    frame.age = this.#age;
    this.#frames.set(frame.key, frame);
    return frame;
  }

  /** Knows a state again that was forgotten: its stacks must be one with those that are made now. */
  #renew(state: MachineState): void {
    if (state.age === this.#age) return;
    state.age = this.#age;
    state.stacks = inOrder(new Set(state.stacks.map((stack) => this.#again(stack))));
    this.#states.set(keyOf(state.stacks), state);
  }

  #again(stack: Stack): Stack {
    const frames: Frame[] = [];
    let below = stack;
    for (; below.frame !== undefined && below.age !== this.#age; below = below.rest as Stack)
      frames.push(below.frame);
    for (let i = frames.length - 1; i >= 0; i--) below = this.push(frames[i], below);
    return below;
  }

  /** The state behind the lexeme on top of `stack`, when it ends after `more`; null when nothing can follow. */
  after(stack: Stack, more: string): MachineState | null {
    const { frame } = stack;
    const rest = stack.rest as Stack;
    return this.#collect((out) =>
      frame?.ahead === undefined ? this.pop(rest, out) : frame.ahead.leave(more, rest, out),
    );
  }

  /** The state to look ahead from: it allows the same, and remembers less. */
  ahead(state: MachineState): MachineState {
    this.#renew(state);
    if (state.ahead === undefined) {
      if (!state.stacks.some((stack) => stack.frame?.unfold !== undefined)) state.ahead = state;
      else {
        this.#stepped.push(state);
        state.ahead = this.#collect((out) => {
          for (const stack of state.stacks) this.#unfold(stack, out);
        }) as MachineState;
      }
    }
    return state.ahead;
  }

  #unfold(stack: Stack, out: Emit): void {
    if (stack.frame?.unfold === undefined) out(stack);
    else stack.frame.unfold(stack.rest as Stack, (inner) => this.#unfold(inner, out));
  }

  /** The frames of `stack` above `rest` in place of the bottom. */
  rebase(stack: Stack, rest: Stack): Stack {
    return stack.frame === undefined ? rest : this.push(stack.frame, this.rebase(stack.rest as Stack, rest));
  }

  /** The state of one stack alone. */
  only(stack: Stack): MachineState {
    return this.#collect((out) => out(stack)) as MachineState;
  }

  #collect(fill: (out: Emit) => void): MachineState | null {
    const outer = this.#entered; // a frame may run a machine state of its own
    this.#entered = new Set();
    const found = new Set<Stack>();
    try {
      fill((stack) => {
        if (found.size >= mostStacks)
          throw new UnsupportedConstraintError(
            'ambiguity',
            '',
            `more than ${mostStacks} ways to read a text`,
          );
        found.add(stack);
      });
    } finally {
      this.#entered = outer;
    }
    if (found.size === 0) return null;
    const stacks = inOrder(found);
    const key = keyOf(stacks);
    let state = this.#states.get(key);
    if (state === undefined) {
      state = makeState(stacks, this.#age);
      this.#states.set(key, state);
    }
    return state;
  }
}

function inOrder(stacks: ReadonlySet<Stack>): Stack[] {
  return [...stacks].sort((a, b) => a.id - b.id);
}

function keyOf(stacks: readonly Stack[]): string {
  return stacks.map((s) => s.id).join(' ');
}

function makeState(stacks: readonly Stack[], age: number): MachineState {
  return {
    stacks,
    age,
    complete: stacks.length > 0 && stacks[0].frame === undefined,
    next: [],
    open: stacks.some((stack) => stack.frame?.open === true),
  };
}
