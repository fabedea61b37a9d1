// The road for ids alone of every model that has no engine: Unigram, WordPiece, word-level, BPE with unknown tokens or marked words. The stages are
// those of pipeline.ts, without alignments, and words are remembered: as they stand in the text where the stages let it be cut before they see it
// (local-stages.ts), and as pieces behind the pre-tokenizer.
import type { AddedTokens, AllowedSpecial } from '../added-tokens.ts';
import { AlignedText } from '../aligned-text.ts';
import type { Stages } from '../pipeline.ts';
import { toWellFormed } from '../unicode/utf8.ts';
import type { FastPath } from './fast-path.ts';
import { areStagesLocal } from './local-stages.ts';

/** Words kept, and the longest in UTF-16 units. A full memory is emptied. */
const MOST_WORDS = 1 << 16;
const LONGEST_WORD = 64;

type Ids = readonly number[];

/** What is known of words: control tokens that the text may not become make another memory. */
interface Memory {
  readonly words: Map<string, Ids>;
  readonly pieces: Map<string, Ids>;
  readonly excluded: ReadonlySet<number> | undefined;
}

export class WordPath implements FastPath {
  readonly hasKnownSplit = false;
  private readonly stages: Stages;
  private readonly added: AddedTokens;
  private readonly isLocal: boolean;
  private readonly plain: Memory;
  private readonly open: Memory = { words: new Map(), pieces: new Map(), excluded: undefined };
  private out: number[] | undefined;

  constructor(stages: Stages, added: AddedTokens) {
    this.stages = stages;
    this.added = added;
    this.isLocal = areStagesLocal(stages) && !added.tokens.some((token) => token.normalized);
    const excluded = new Set(added.tokens.flatMap((token) => (token.special ? [token.id] : [])));
    this.plain = { words: new Map(), pieces: new Map(), excluded };
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
    let ids = words.get(text);
    if (ids === undefined) {
      const part = AlignedText.from(text, false);
      this.stages.normalizer?.normalize(part);
      const found: number[] = [];
      for (const piece of this.stages.preTokenizer?.split(part) ?? [part])
        if (piece.value !== '') for (const id of this.piece(piece.value, memory)) found.push(id);
      ids = found;
      remember(words, text, ids);
    }
    return this.take(ids);
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
      const inner = part.slice(start, end);
      for (const piece of this.stages.preTokenizer?.split(inner) ?? [inner]) {
        if (piece.value !== '') count += this.take(this.piece(piece.value, memory));
        if (count > limit) return count;
      }
    }
    return count;
  }

  private piece(text: string, { pieces, excluded }: Memory): Ids {
    let ids = pieces.get(text);
    if (ids === undefined) {
      ids = this.stages.model.tokenize(text, excluded && { excluded }).map((token) => token.id);
      remember(pieces, text, ids);
    }
    return ids;
  }

  private take(ids: Ids): number {
    const { out } = this;
    if (out !== undefined) for (let i = 0; i < ids.length; i++) out.push(ids[i]);
    return ids.length;
  }
}

function remember(memory: Map<string, Ids>, text: string, ids: Ids): void {
  if (text.length > LONGEST_WORD) return;
  if (memory.size >= MOST_WORDS) memory.clear();
  memory.set(text, ids);
}
