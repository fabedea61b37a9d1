// A nondeterministic pushdown machine over bytes, determinised as it runs. A state is a set of stacks; stacks share
// their tails and equal ones are one object, so sets are compared by ids and every (state, byte) step is made once.
// Frames are what a front end brings: lexemes, sequences of a grammar, JSON values with their memory.
import type { Lexeme } from './lexeme.ts';

/** What a stack holds. Equal frames of one machine must be one object: see `Machine.frame`. */
export interface Frame {
  id: number;
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
    /** Whether all texts that bring the lexeme's characters to one state are of one kind. */
    readonly byState: boolean;
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
  readonly stacks: readonly Stack[];
  /** Whether the text may end here. */
  readonly complete: boolean;
  /** By byte: the next state, null for dead, undefined for not yet known. */
  readonly next: (MachineState | null | undefined)[];
  /** Whether looking ahead ends here. */
  readonly open: boolean;
  /** The state to look ahead from. */
  ahead?: MachineState;
}

const mostStates = 20_000;

/** Makes frames and stacks, and steps states. */
export class Machine {
  readonly #frames = new Map<string, Frame>();
  #stacks = new Map<number, Stack>();
  #states = new Map<string, MachineState>();
  #nextId = 1;
  #ids = 0;
  #entered = new Set<string>();
  readonly bottom: Stack = { id: 0, frame: undefined, rest: undefined };

  /** A fresh id for a readable. */
  newId(): number {
    return ++this.#ids;
  }

  /** The one frame of this key. */
  frame(key: string, make: () => Omit<Frame, 'id'>): Frame {
    let frame = this.#frames.get(key);
    if (frame === undefined) {
      frame = { ...make(), id: this.#frames.size };
      this.#frames.set(key, frame);
    }
    return frame;
  }

  /** `frame` above `rest`. */
  push(frame: Frame, rest: Stack): Stack {
    const key = frame.id * 2 ** 26 + rest.id;
    let stack = this.#stacks.get(key);
    if (stack === undefined) {
      stack = { id: this.#nextId++, frame, rest };
      this.#stacks.set(key, stack);
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
          const next = lexeme.row(state)[byte];
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
    return this.#collect((out) => this.enter(what, this.bottom, out)) ?? makeState([]);
  }

  /** The state after `byte`, or null. */
  step(state: MachineState, byte: number): MachineState | null {
    const known = state.next[byte];
    if (known !== undefined) return known;
    const next = this.#collect((out) => {
      for (const stack of state.stacks) stack.frame?.step?.(byte, stack.rest as Stack, out);
    });
    state.next[byte] = next;
    return next;
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
    if (state.ahead === undefined)
      state.ahead = state.stacks.some((stack) => stack.frame?.unfold !== undefined)
        ? (this.#collect((out) => {
            for (const stack of state.stacks) this.#unfold(stack, out);
          }) as MachineState)
        : state;
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
    const found = new Map<number, Stack>();
    fill((stack) => found.set(stack.id, stack));
    this.#entered = outer;
    if (found.size === 0) return null;
    const stacks = [...found.values()].sort((a, b) => a.id - b.id);
    const key = stacks.map((s) => s.id).join(' ');
    let state = this.#states.get(key);
    if (state === undefined) {
      if (this.#states.size >= mostStates) this.#states = new Map();
      state = makeState(stacks);
      this.#states.set(key, state);
    }
    return state;
  }
}

function makeState(stacks: readonly Stack[]): MachineState {
  return {
    stacks,
    complete: stacks.length > 0 && stacks[0].frame === undefined,
    next: [],
    open: stacks.some((stack) => stack.frame?.open === true),
  };
}
