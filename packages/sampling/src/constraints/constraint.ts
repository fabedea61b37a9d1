// A constraint at work: which tokens may come now. The vocabulary's trie is walked once per machine state; where the
// state is inside a string, number or other automaton, the walk within it is made once per automaton state and only
// the tokens that leave it are followed further. So a token may begin and end anywhere, inside characters too.
import { checkKnown } from '../check.ts';
import type { ConstraintGrammar } from './constraint-grammar.ts';
import { forcedIds, type Spell } from './forced-ids.ts';
import { insideAnyString, type Lexeme } from './lexeme.ts';
import type { MachineState, Stack } from './machine.ts';
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

interface LexemeMask {
  /** The tokens that stay inside, or end with the lexeme. */
  readonly inside: Uint32Array;
  /** Trie nodes at which the lexeme may end, and the characters it completed on the way. */
  readonly exits: readonly number[];
  readonly texts: readonly string[];
  /** The lengths of `texts` in characters. */
  readonly lengths: readonly number[];
}

const mostMasks = 256;
const mostLexemeMasks = 512;

class Masks {
  readonly #grammar: ConstraintGrammar;
  readonly #vocabulary: Vocabulary;
  readonly #words: number;
  readonly #longest: number;
  readonly #byState = new Map<MachineState, Uint32Array>();
  readonly #byLexeme = new Map<string, LexemeMask>();
  readonly #states: (MachineState | null)[] = [];

  constructor(grammar: ConstraintGrammar, vocabulary: Vocabulary) {
    this.#grammar = grammar;
    this.#vocabulary = vocabulary;
    this.#words = (vocabulary.vocabSize + 31) >> 5;
    this.#longest = vocabulary.depths.reduce((a, b) => Math.max(a, b), 0);
  }

  of(state: MachineState): Uint32Array {
    const known = this.#byState.get(state);
    if (known !== undefined) return known;
    const mask = new Uint32Array(this.#words);
    if (state.complete) for (const id of this.#vocabulary.eosTokenIds) mask[id >> 5] |= 1 << (id & 31);
    const plain: Stack[] = [];
    for (const stack of state.stacks)
      if (stack.frame?.lexeme === undefined) {
        if (stack.frame !== undefined) plain.push(stack);
      } else this.#throughLexeme(stack, stack.frame.lexeme, stack.frame.state as number, mask);
    for (const stack of plain) this.#walk(0, this.#grammar.machine.only(stack), mask);
    if (this.#byState.size >= mostMasks)
      this.#byState.delete(this.#byState.keys().next().value as MachineState);
    this.#byState.set(state, mask);
    return mask;
  }

  #throughLexeme(stack: Stack, lexeme: Lexeme, at: number, mask: Uint32Array): void {
    // Free strings share one walk, as long as no token can be longer than what may still come.
    const free = lexeme.free(at);
    const shares = free !== undefined && free.most >= this.#longest;
    const own = shares ? this.#lexemeMask(insideAnyString, 0) : this.#lexemeMask(lexeme, at);
    const least = shares ? free.least : 0;
    const { follow } = stack.frame ?? {};
    let { inside } = own;
    if (least > 0) {
      // The shared walk knows no least length: tokens that end the string too early are taken out.
      const { firsts, tokens } = this.#vocabulary;
      inside = inside.slice();
      own.exits.forEach((n, i) => {
        if (own.lengths[i] >= least) return;
        for (let t = firsts[n]; t < firsts[n + 1]; t++) inside[tokens[t] >> 5] &= ~(1 << (tokens[t] & 31));
      });
    }
    for (let w = 0; w < mask.length; w++) mask[w] |= inside[w];
    const { machine } = this.#grammar;
    const keyed = stack.frame?.leave !== undefined;
    let after = keyed || own.exits.length === 0 ? null : machine.after(stack, '');
    for (let i = 0; i < own.exits.length; i++) {
      if (own.lengths[i] < least || (follow !== undefined && !this.#hasChild(own.exits[i], follow))) continue;
      if (keyed) after = machine.after(stack, own.texts[i]);
      if (after !== null) this.#walk(own.exits[i], after, mask);
    }
  }

  #lexemeMask(lexeme: Lexeme, at: number): LexemeMask {
    const key = `${lexeme.id} ${at}`;
    const known = this.#byLexeme.get(key);
    if (known !== undefined) return known;
    const { bytes, depths, skips, firsts, tokens } = this.#vocabulary;
    const inside = new Uint32Array(this.#words);
    const exits: number[] = [];
    const texts: string[] = [];
    const states: number[] = [at];
    const readers: Lexeme[] = [lexeme];
    const lengths: number[] = [];
    const path: number[] = [-1];
    for (let n = 1; n < bytes.length; ) {
      const depth = depths[n];
      const from = states[depth - 1];
      const reader = readers[depth - 1];
      let next = reader.row(from)[bytes[n]];
      if (next < 0) {
        n = skips[n];
        continue;
      }
      path[depth] = reader.emits(from)[bytes[n]];
      for (let t = firsts[n]; t < firsts[n + 1]; t++) inside[tokens[t] >> 5] |= 1 << (tokens[t] & 31);
      if (reader.accepts(next)) {
        exits.push(n);
        const chars = path.slice(1, depth + 1).filter((char) => char >= 0);
        texts.push(String.fromCodePoint(...chars));
        lengths.push(chars.length);
      }
      const goesOn = reader.continues(next);
      // Where anything may follow, the rows that all free strings share are walked.
      const free = reader === insideAnyString ? undefined : reader.free(next);
      const shares = free !== undefined && free.least === 0 && free.most >= this.#longest;
      if (shares) next = 0;
      states[depth] = next;
      readers[depth] = shares ? insideAnyString : reader;
      n = goesOn ? n + 1 : skips[n];
    }
    const made = { inside, exits, texts, lengths };
    if (this.#byLexeme.size >= mostLexemeMasks)
      this.#byLexeme.delete(this.#byLexeme.keys().next().value as string);
    this.#byLexeme.set(key, made);
    return made;
  }

  #hasChild(node: number, byte: number): boolean {
    const { bytes, skips } = this.#vocabulary;
    for (let n = node + 1; n < skips[node]; n = skips[n]) if (bytes[n] === byte) return true;
    return false;
  }

  /** Marks the tokens below `node` that can be read from `state` there. */
  #walk(node: number, state: MachineState, mask: Uint32Array): void {
    const { bytes, depths, skips, firsts, tokens } = this.#vocabulary;
    const { machine } = this.#grammar;
    const states = this.#states;
    const end = skips[node];
    states[depths[node]] = state;
    for (let n = node + 1; n < end; ) {
      const depth = depths[n];
      const from = states[depth - 1] as MachineState;
      const next = from.next[bytes[n]] ?? machine.step(from, bytes[n]);
      if (next === null) {
        n = skips[n];
        continue;
      }
      states[depth] = next;
      for (let t = firsts[n]; t < firsts[n + 1]; t++) mask[tokens[t] >> 5] |= 1 << (tokens[t] & 31);
      n++;
    }
  }
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
