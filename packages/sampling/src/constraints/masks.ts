// The masks of a grammar over a vocabulary. A mask is made once per machine state, by walking the trie of the tokens.
// What makes that short: within strings, numbers and other automata the walk is the automaton's own, kept by its state;
// where an automaton can read anything of a kind, the tokens of that kind are known beforehand and only the others are
// walked; and looking ahead, keys and items whose text does not matter are not told apart. A token may begin and end
// anywhere, inside characters too.
import type { ConstraintGrammar } from './constraint-grammar.ts';
import type { Lexeme } from './lexeme.ts';
import { type LexemeExits, type LexemeWalk, walkLexeme } from './lexeme-walk.ts';
import type { LexemeBase, MachineState, Stack } from './machine.ts';
import type { TokenTrie } from './token-trie.ts';
import type { Vocabulary } from './vocabulary.ts';
import { readVocabulary, type VocabularyReading } from './vocabulary-reading.ts';

const mostMasks = 256;
/** So many long tokens are looked at one by one rather than walked with the others. */
const mostUndecided = 1500;
const none = new Int32Array(0);
type ByText = ((origin: number) => boolean) | undefined;

/** Makes and keeps masks. */
export class Masks {
  readonly #grammar: ConstraintGrammar;
  readonly #vocabulary: Vocabulary;
  readonly #reading: VocabularyReading;
  readonly #words: number;
  readonly #byState = new Map<MachineState, Uint32Array>();
  readonly #states: (MachineState | null)[] = [];
  /** Where marks are made that nobody asks for. */
  readonly #scratch: Uint32Array;
  /** The mask in the making, and the state it is of. */
  #mask = new Uint32Array(0);
  #from: MachineState | undefined;

  constructor(grammar: ConstraintGrammar, vocabulary: Vocabulary) {
    this.#grammar = grammar;
    this.#vocabulary = vocabulary;
    this.#reading = readVocabulary(vocabulary);
    this.#words = (vocabulary.vocabSize + 31) >> 5;
    this.#scratch = new Uint32Array(this.#words);
  }

  of(state: MachineState): Uint32Array {
    const known = this.#byState.get(state);
    if (known !== undefined) return known;
    const { machine } = this.#grammar;
    machine.settle();
    const mask = new Uint32Array(this.#words);
    this.#mask = mask;
    this.#from = state;
    if (state.complete) for (const id of this.#vocabulary.eosTokenIds) mask[id >> 5] |= 1 << (id & 31);
    for (const stack of machine.ahead(state).stacks) {
      if (stack.frame?.lexeme !== undefined)
        this.#through(stack, stack.frame.lexeme, stack.frame.state as number);
      else if (stack.frame !== undefined) this.#walk(this.#vocabulary, 0, machine.only(stack));
    }
    if (this.#byState.size >= mostMasks)
      this.#byState.delete(this.#byState.keys().next().value as MachineState);
    this.#byState.set(state, mask);
    return mask;
  }

  /** Marks what can be read from within a lexeme. */
  #through(stack: Stack, bounded: Lexeme, place: number): void {
    const base = stack.frame?.ahead?.base?.();
    if (base !== undefined) {
      this.#throughBase(stack, base);
      return;
    }
    // Far from the bound on the length there is none.
    const far = bounded.looseState(place, this.#reading.longest);
    const [lexeme, at] = far < 0 ? [bounded, place] : [bounded.loose, far];
    const free = lexeme.free(at);
    if (free !== undefined) {
      this.#throughFree(stack, free.least, free.most);
      return;
    }
    const walk = this.#walkOf(lexeme, at, stack.frame?.ahead?.byText);
    this.#add(walk.inside);
    this.#leaveAll(stack, walk.trie, walk.exits);
    if (walk.undecided.length === 0) return;
    const alone = this.#grammar.machine.only(stack);
    for (const id of walk.undecided) this.#try(id, alone);
  }

  /** The same by what is known of the lexeme that counts no texts out. */
  #throughBase(stack: Stack, { lexeme, state, gone }: LexemeBase): void {
    const walk = this.#walkOf(lexeme, state, stack.frame?.ahead?.byText);
    this.#add(walk.inside);
    const [left] = gone === undefined ? [] : walkLexeme(walk.trie, 0, gone, 0, this.#scratch, undefined);
    const nodes = new Set(left?.nodes);
    const exits = walk.exits.map(({ nodes: all, text }) => ({
      nodes: nodes.size === 0 ? all : all.filter((node) => !nodes.has(node)),
      text,
    }));
    this.#leaveAll(stack, walk.trie, exits);
    if (walk.undecided.length === 0) return;
    const alone = this.#grammar.machine.only(stack);
    for (const id of walk.undecided) this.#try(id, alone);
  }

  /** The same in a string that any characters may continue, `least` to `most` of them. */
  #throughFree(stack: Stack, least: number, most: number): void {
    const { ids, ends, mask, exits, exitEnds } = this.#reading.inString;
    if (most >= ends.length - 1) this.#add(mask);
    else if (2 * ends[most] < ids.length) {
      const own = this.#mask;
      for (let i = 0; i < ends[most]; i++) own[ids[i] >> 5] |= 1 << (ids[i] & 31);
    } else {
      const own = mask.slice();
      for (let i = ends[most]; i < ids.length; i++) own[ids[i] >> 5] &= ~(1 << (ids[i] & 31));
      this.#add(own);
    }
    const from = least === 0 ? 0 : exitEnds[Math.min(least, exitEnds.length) - 1];
    const to = exitEnds[Math.min(most, exitEnds.length - 1)] ?? 0;
    this.#leave(stack, this.#vocabulary, exits, from ?? 0, to, '');
  }

  /** Goes on behind the lexeme, once for texts of a kind. */
  #leaveAll(stack: Stack, trie: TokenTrie, exits: readonly LexemeExits[]): void {
    const ahead = stack.frame?.ahead;
    if (ahead === undefined) {
      for (const { nodes, text } of exits) this.#leave(stack, trie, nodes, 0, nodes.length, text);
      return;
    }
    const byKind = new Map<string, { readonly text: string; readonly nodes: number[] }>();
    for (const { nodes, text } of exits) {
      const kind = ahead.kind(text);
      const same = byKind.get(kind);
      if (same === undefined) byKind.set(kind, { text, nodes: [...nodes] });
      else same.nodes.push(...nodes);
    }
    for (const { nodes, text } of byKind.values()) this.#leave(stack, trie, nodes, 0, nodes.length, text);
  }

  /** Goes on behind the lexeme, from nodes at which it ends; `text` is one that it may have read to there. */
  #leave(
    stack: Stack,
    trie: TokenTrie,
    exits: ArrayLike<number>,
    from: number,
    to: number,
    text: string,
  ): void {
    if (from >= to) return;
    const after = this.#grammar.machine.after(stack, text);
    if (after === null) return;
    for (let i = from; i < to; i++) this.#enter(trie, exits[i], after);
  }

  /** Marks the tokens that end at the node, where `state` is reached, and what can be read below it. */
  #enter(trie: TokenTrie, node: number, state: MachineState): void {
    const { skips, firsts, tokens } = trie;
    if (state.open) {
      for (let t = firsts[node]; t < firsts[skips[node]]; t++)
        this.#try(tokens[t], this.#from as MachineState);
      return;
    }
    const mask = this.#mask;
    for (let t = firsts[node]; t < firsts[node + 1]; t++) mask[tokens[t] >> 5] |= 1 << (tokens[t] & 31);
    if (skips[node] > node + 1) this.#walk(trie, node, state);
  }

  /** Marks the token if it can be read, step by step and with nothing left open. */
  #try(id: number, from: MachineState): void {
    let state: MachineState | null = from;
    for (const byte of this.#vocabulary.tokenBytes(id) as Uint8Array) {
      state = this.#grammar.machine.step(state, byte);
      if (state === null) return;
    }
    this.#mask[id >> 5] |= 1 << (id & 31);
  }

  /** Marks the tokens below `node` that can be read from `state` there. */
  #walk(trie: TokenTrie, node: number, state: MachineState): void {
    const { bytes, depths, skips, firsts, tokens } = trie;
    const { machine } = this.#grammar;
    const mask = this.#mask;
    const states = this.#states;
    const end = skips[node];
    const from = machine.ahead(state);
    if (this.#descend(trie, node, from)) return;
    states[depths[node]] = from;
    for (let n = node + 1; n < end; ) {
      const depth = depths[n];
      const before = states[depth - 1] as MachineState;
      const next = before.next[bytes[n]] ?? machine.step(before, bytes[n]);
      if (next === null) {
        n = skips[n];
        continue;
      }
      const ahead = next.ahead ?? machine.ahead(next);
      if (ahead.open) {
        this.#enter(trie, n, ahead);
        n = skips[n];
        continue;
      }
      for (let t = firsts[n]; t < firsts[n + 1]; t++) mask[tokens[t] >> 5] |= 1 << (tokens[t] & 31);
      if (skips[n] > n + 1 && this.#descend(trie, n, ahead)) n = skips[n];
      else {
        states[depth] = ahead;
        n++;
      }
    }
  }

  /** Below a node where the state is within one lexeme: the lexeme's own walk. False where it is not. */
  #descend(trie: TokenTrie, node: number, state: MachineState): boolean {
    if (state.stacks.length !== 1 || node === 0) return false;
    const [stack] = state.stacks;
    const { frame } = stack;
    if (frame?.lexeme === undefined) return false;
    const exits = walkLexeme(
      trie,
      node,
      frame.lexeme,
      frame.state as number,
      this.#mask,
      frame.ahead?.byText,
    );
    this.#leaveAll(stack, trie, exits);
    return true;
  }

  #walkOf(lexeme: Lexeme, at: number, byText: ByText): LexemeWalk {
    return this.#reading.walks.of(`${lexeme.id} ${at}`, () => {
      const inside = new Uint32Array(this.#words);
      const { trie, undecided } = this.#slice(lexeme, at, inside);
      return { inside, trie, exits: walkLexeme(trie, 0, lexeme, at, inside, byText), undecided };
    });
  }

  /** Marks what is known beforehand; answers the trie of what is left. */
  #slice(lexeme: Lexeme, at: number, inside: Uint32Array): Pick<LexemeWalk, 'trie' | 'undecided'> {
    for (const { ranges, ids, ends, mask, rest } of this.#reading.slices) {
      const reach = lexeme.reach(at, ranges);
      const known = ends[Math.min(reach, ends.length - 1)];
      if (reach < 1 || ids.length - known > mostUndecided) continue;
      inside.set(mask);
      let undecided = ids.subarray(known);
      for (const id of undecided) inside[id >> 5] &= ~(1 << (id & 31));
      if (lexeme.quoted) {
        for (const id of undecided) if (this.#stays(lexeme, at, id)) inside[id >> 5] |= 1 << (id & 31);
        undecided = none;
      }
      return { trie: rest, undecided };
    }
    return { trie: this.#vocabulary, undecided: none };
  }

  /** Whether the lexeme reads all of the token. */
  #stays(lexeme: Lexeme, at: number, id: number): boolean {
    let state = at;
    for (const byte of this.#vocabulary.tokenBytes(id) as Uint8Array) {
      state = lexeme.step(state, byte);
      if (state < 0) return false;
    }
    return true;
  }

  #add(bits: Uint32Array): void {
    const mask = this.#mask;
    for (let w = 0; w < mask.length; w++) mask[w] |= bits[w];
  }
}
