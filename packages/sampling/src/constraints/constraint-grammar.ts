// What a front end makes: a language of texts, compiled to the pushdown machine, without a vocabulary yet.
import { UnsatisfiableConstraintError } from './errors.ts';
import { Machine, type MachineState, type Readable } from './machine.ts';

/** A compiled language of texts; give it to `constraint` with a vocabulary. */
export interface ConstraintGrammar {
  /** Which front end made it. */
  readonly kind: string;
  /** The machine that reads it; shared by all constraints of the grammar, so what one learns the others know. */
  readonly machine: Machine;
  /** The state before the first byte. */
  readonly start: MachineState;
  /** Begins the language within another machine. */
  readonly embed: (machine: Machine) => Readable;
}

/** Compiles a language; throws UnsatisfiableConstraintError when it is empty. */
export function compileLanguage(kind: string, embed: (machine: Machine) => Readable): ConstraintGrammar {
  const machine = new Machine();
  const start = machine.start(embed(machine));
  if (start.stacks.length === 0) throw new UnsatisfiableConstraintError(`${kind}: no text satisfies it`);
  return { kind, machine, start, embed };
}

/** Whether the whole text is of the language (by bytes, without a vocabulary). */
export function matchesGrammar(grammar: ConstraintGrammar, text: string | Uint8Array): boolean {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  let state = grammar.start;
  for (const byte of bytes) {
    grammar.machine.settle();
    const next = grammar.machine.step(state, byte);
    if (next === null) return false;
    state = next;
  }
  return state.complete;
}
