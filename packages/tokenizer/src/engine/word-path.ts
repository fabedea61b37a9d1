// The road for ids alone of every model that has no engine: Unigram, WordPiece, word-level, BPE with unknown tokens or marked words. The stages are
// those of pipeline.ts, without alignments, and words are remembered: as they stand in the text where the stages let it be cut before they see it
// (local-stages.ts), and as pieces behind the pre-tokenizer.
import type { AddedTokens, AllowedSpecial } from '../added-tokens.ts';
import { AlignedText } from '../aligned-text.ts';
import type { Stages } from '../pipeline.ts';
import { toWellFormed } from '../unicode/utf8.ts';
import type { FastPath } from './fast-path.ts';
import { areStagesLocal } from './local-stages.ts';
import { WordMemory } from './word-memory.ts';

/** What is known of words: control tokens that the text may not become make another memory. */
interface Memory {
  readonly words: WordMemory;
  readonly pieces: WordMemory;
  readonly excluded: ReadonlySet<number> | undefined;
}

export class WordPath implements FastPath {
  readonly hasKnownSplit = false;
  private readonly stages: Stages;
  private readonly added: AddedTokens;
  private readonly isLocal: boolean;
  private readonly plain: Memory;
  private readonly open: Memory = memory(undefined);
  private readonly scratch: number[] = [];
  private out: number[] | undefined;

  constructor(stages: Stages, added: AddedTokens) {
    this.stages = stages;
    this.added = added;
    this.isLocal = areStagesLocal(stages) && !added.tokens.some((token) => token.normalized);
    const excluded = new Set(added.tokens.flatMap((token) => (token.special ? [token.id] : [])));
    this.plain = memory(excluded);
  }

  encode(text: string, allowed: AllowedSpecial): number[] {
    const out: number[] = [];
    this.run(text, allowed, Number.POSITIVE_INFINITY, out);
    return out;
  }

  count(text: string, allowed: AllowedSpecial, limit: number): number {
    return this.run(text, allowed, limit, undefined);
  }

  private run(text: string, allowed: AllowedSpecial, limit: number, out: number[] | undefined): number {
    const { added } = this;
    const memory = allowed === 'all' ? this.open : this.plain;
    const wellFormed = toWellFormed(text);
    this.out = out;
    if (this.isLocal && added.isInert(allowed)) return this.chunks(wellFormed, memory, 0, limit);
    let count = 0;
    const whole = AlignedText.from(wellFormed, false);
    for (const { start, end, token } of added.matchRaw(wellFormed, allowed)) {
      if (token !== undefined) {
        out?.push(token.id);
        count++;
      } else if (this.isLocal) count = this.chunks(wellFormed.slice(start, end), memory, count, limit);
      else count = this.stretch(whole.slice(start, end), allowed, memory, count, limit);
      if (count > limit) break;
    }
    return count;
  }

  /** Cuts at single spaces between printable ASCII characters. */
  private chunks(text: string, memory: Memory, from: number, limit: number): number {
    let count = from;
    let start = 0;
    for (let at = text.indexOf(' ', 1); at > 0 && count <= limit; at = text.indexOf(' ', at + 1)) {
      const before = text.charCodeAt(at - 1);
      const after = text.charCodeAt(at + 1);
      if (before <= 0x20 || before >= 0x7f || !(after > 0x20 && after < 0x7f)) continue;
      count += this.word(text.slice(start, at), memory);
      start = at;
    }
    return count > limit || start >= text.length ? count : count + this.word(text.slice(start), memory);
  }

  private word(text: string, memory: Memory): number {
    const { words } = memory;
    const at = words.find(text);
    if (at >= 0) return this.take(words.ids, at + 1, words.ids[at]);
    const part = AlignedText.from(text, false);
    this.stages.normalizer?.normalize(part);
    const found = this.scratch;
    found.length = 0;
    const pieces = this.cut(part);
    // A word of one piece is remembered once.
    if (pieces.length === 1 && words.canKeep(text)) this.put(pieces[0], memory, found);
    else for (const piece of pieces) this.putPiece(piece, memory, found);
    words.keep(text, found, 0);
    return this.take(found, 0, found.length);
  }

  private cut(part: AlignedText): string[] {
    const { preTokenizer } = this.stages;
    if (preTokenizer === undefined) return part.value === '' ? [] : [part.value];
    if (preTokenizer.words !== undefined) return preTokenizer.words(part.value);
    return preTokenizer.split(part).map((piece) => piece.value);
  }

  /** A stretch between added tokens, by the stages as they are. */
  private stretch(
    part: AlignedText,
    allowed: AllowedSpecial,
    memory: Memory,
    from: number,
    limit: number,
  ): number {
    let count = from;
    this.stages.normalizer?.normalize(part);
    for (const { start, end, token } of this.added.matchNormalized(part.value, allowed)) {
      if (token !== undefined) {
        this.out?.push(token.id);
        count++;
        continue;
      }
      const found = this.scratch;
      for (const piece of this.cut(part.slice(start, end))) {
        found.length = 0;
        this.putPiece(piece, memory, found);
        count += this.take(found, 0, found.length);
        if (count > limit) return count;
      }
    }
    return count;
  }

  /** Pushes the ids of a piece, remembered or new. */
  private putPiece(piece: string, memory: Memory, out: number[]): void {
    if (piece === '') return;
    const { pieces } = memory;
    const at = pieces.find(piece);
    if (at >= 0) {
      const { ids } = pieces;
      const end = at + 1 + ids[at];
      for (let i = at + 1; i < end; i++) out.push(ids[i]);
      return;
    }
    const from = out.length;
    this.put(piece, memory, out);
    pieces.keep(piece, out, from);
  }

  private put(piece: string, { excluded }: Memory, out: number[]): void {
    if (piece === '') return;
    const { model } = this.stages;
    if (model.putIds !== undefined) model.putIds(piece, excluded, out);
    else for (const token of model.tokenize(piece, excluded && { excluded })) out.push(token.id);
  }

  private take(ids: ArrayLike<number>, from: number, count: number): number {
    const { out } = this;
    if (out !== undefined) for (let i = from; i < from + count; i++) out.push(ids[i]);
    return count;
  }
}

const memory = (excluded: ReadonlySet<number> | undefined): Memory => ({
  words: new WordMemory(),
  pieces: new WordMemory(),
  excluded,
});
