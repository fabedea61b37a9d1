// A constraint at work on one sequence: which tokens may come now, what was taken, and the way back.
import { checkKnown } from '../check.ts';
import type { ConstraintGrammar } from './constraint-grammar.ts';
import { forcedIds, type Spell } from './forced-ids.ts';
import type { MachineState } from './machine.ts';
import { Masks } from './masks.ts';
import { prepareVocabulary, type Vocabulary, type VocabularySource } from './vocabulary.ts';

/** One sequence under a constraint. */
export interface Constraint {
  readonly vocabulary: Vocabulary;
  /** Whether the text may end here. */
  readonly isComplete: boolean;
  /** Whether an end-of-text id has been accepted. */
  readonly isFinished: boolean;
  /** How many ids have been accepted. */
  readonly length: number;
  /** The ids that may come, as bits: id i is bit i % 32 of word i >> 5. Shared and remembered: do not write to it. */
  mask(): Uint32Array;
  /** Whether this id may come. */
  allows(id: number): boolean;
  /** Takes the next id; RangeError when it may not come. */
  accept(id: number): void;
  /** Forgets the last n ids. */
  rollback(n: number): void;
  /** The bytes that must come next, whatever is drawn (empty when there is a choice or the text may end). */
  forcedBytes(): Uint8Array;
  /**
   * The ids of the bytes that must come next, at most `most`: the longest tokens, or as `spell` writes them. Empty too
   * where a token could reach beyond the forced bytes, for there the model has a choice.
   */
  forcedIds(most?: number): readonly number[];
  /** An independent copy. */
  clone(): Constraint;
}

/** Options of `constraint`. */
export interface ConstraintOptions {
  /** How the tokenizer spells a text, so that forced text stands in the tokens the model knows it in. */
  readonly spell?: Spell;
  /** Whether `forcedIds` answers anything (default true); with false every token is drawn. */
  readonly jumpAhead?: boolean;
}

const kept = new WeakMap<ConstraintGrammar, WeakMap<Vocabulary, Masks>>();

/**
 * Puts a grammar to work over a vocabulary. Sound: every allowed id keeps the text a prefix of the language. No dead
 * ends: every prefix can be finished, byte by byte at least, so the vocabulary must hold the bytes the grammar needs.
 */
export function constraint(
  grammar: ConstraintGrammar,
  source: Vocabulary | VocabularySource,
  options: ConstraintOptions = {},
): Constraint {
  checkKnown('constraint', options, ['spell', 'jumpAhead']);
  if (!(grammar?.machine && 'start' in grammar))
    throw new TypeError(
      'grammar: expected one, as jsonSchema(schema), regex(pattern) or grammar(text) makes it',
    );
  if (typeof source !== 'object' || source === null)
    throw new TypeError(`source: expected a tokenizer or a prepared vocabulary, got ${String(source)}`);
  const vocabulary = 'skips' in source ? source : prepared(source);
  const byVocabulary = kept.get(grammar) ?? new WeakMap<Vocabulary, Masks>();
  kept.set(grammar, byVocabulary);
  const masks = byVocabulary.get(vocabulary) ?? new Masks(grammar, vocabulary);
  byVocabulary.set(vocabulary, masks);
  return new RunningConstraint(grammar, vocabulary, masks, options, [grammar.start], 0);
}

const vocabularies = new WeakMap<VocabularySource, Vocabulary>();

/** A source's vocabulary, made once. */
function prepared(source: VocabularySource): Vocabulary {
  let vocabulary = vocabularies.get(source);
  if (vocabulary === undefined) {
    vocabulary = prepareVocabulary(source);
    vocabularies.set(source, vocabulary);
  }
  return vocabulary;
}

class RunningConstraint implements Constraint {
  readonly vocabulary: Vocabulary;
  readonly #grammar: ConstraintGrammar;
  readonly #masks: Masks;
  readonly #options: ConstraintOptions;
  // The state after each accepted id; `#ended` ids more ended the text.
  readonly #states: MachineState[];
  #ended: number;

  constructor(
    grammar: ConstraintGrammar,
    vocabulary: Vocabulary,
    masks: Masks,
    options: ConstraintOptions,
    states: MachineState[],
    ended: number,
  ) {
    this.#grammar = grammar;
    this.vocabulary = vocabulary;
    this.#masks = masks;
    this.#options = options;
    this.#states = states;
    this.#ended = ended;
  }

  get #state(): MachineState {
    return this.#states[this.#states.length - 1];
  }

  get isComplete(): boolean {
    return this.#state.complete;
  }

  get isFinished(): boolean {
    return this.#ended > 0;
  }

  get length(): number {
    return this.#states.length - 1 + this.#ended;
  }

  mask(): Uint32Array {
    if (this.#ended > 0) {
      const mask = new Uint32Array((this.vocabulary.vocabSize + 31) >> 5);
      for (const id of this.vocabulary.eosTokenIds) mask[id >> 5] |= 1 << (id & 31);
      return mask;
    }
    return this.#masks.of(this.#state);
  }

  allows(id: number): boolean {
    return this.#after(id) !== null;
  }

  accept(id: number): void {
    const next = this.#after(id);
    if (next === null) throw new RangeError(`constraint: id ${id} may not come after ${this.length} ids`);
    if (next === 'end') this.#ended++;
    else this.#states.push(next);
  }

  #after(id: number): MachineState | 'end' | null {
    if (this.vocabulary.eosTokenIds.includes(id)) return this.#ended > 0 || this.isComplete ? 'end' : null;
    const bytes = this.#ended > 0 ? undefined : this.vocabulary.tokenBytes(id);
    if (bytes === undefined) return null;
    this.#grammar.machine.settle();
    let state: MachineState | null = this.#state;
    for (const byte of bytes) {
      state = this.#grammar.machine.step(state, byte);
      if (state === null) return null;
    }
    return state;
  }

  rollback(n: number): void {
    if (!Number.isInteger(n) || n < 0 || n > this.length)
      throw new RangeError(`rollback: expected 0 <= n <= ${this.length}, got ${n}`);
    const ends = Math.min(n, this.#ended);
    this.#ended -= ends;
    this.#states.length -= n - ends;
  }

  forcedBytes(): Uint8Array {
    const bytes: number[] = [];
    let state = this.#state;
    while (this.#ended === 0 && !state.complete && bytes.length < 4096) {
      this.#grammar.machine.settle();
      let only = -1;
      let next: MachineState | undefined;
      for (let byte = 0; byte < 256; byte++) {
        const after = this.#grammar.machine.step(state, byte);
        if (after === null) continue;
        if (only >= 0) return Uint8Array.from(bytes);
        only = byte;
        next = after;
      }
      if (next === undefined) break;
      bytes.push(only);
      state = next;
    }
    return Uint8Array.from(bytes);
  }

  forcedIds(most = Infinity): readonly number[] {
    const { spell, jumpAhead = true } = this.#options;
    return jumpAhead ? forcedIds(this.vocabulary, this.forcedBytes(), most, spell) : [];
  }

  clone(): Constraint {
    const { vocabulary } = this;
    return new RunningConstraint(
      this.#grammar,
      vocabulary,
      this.#masks,
      this.#options,
      [...this.#states],
      this.#ended,
    );
  }
}
