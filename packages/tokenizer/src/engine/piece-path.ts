// The engine behind stages without a scanner: the text is normalised and cut as strings, without alignments, and each piece encoded by the engine. Pieces of
// SentencePiece-style vocabularies, often whole texts, are cut further at hard boundaries.
import type { AddedTokens, AllowedSpecial } from '../added-tokens.ts';
import { AlignedText } from '../aligned-text.ts';
import type { Normalizer } from '../normalizers/normalizer.ts';
import { toWellFormed } from '../unicode/utf8.ts';
import type { BytePairEngine } from './byte-pair-engine.ts';
import type { FastPath } from './fast-path.ts';
import type { HardBoundaries } from './hard-boundaries.ts';
import { takeIds } from './take-ids.ts';
import { TextBuffer } from './text-buffer.ts';
import type { VisibleSpaces } from './visible-spaces.ts';

export interface PiecePathOptions {
  readonly added: AddedTokens;
  readonly engine: BytePairEngine;
  readonly normalizer?: Normalizer;
  /** The normaliser does no more than this, and nothing cuts behind it: texts without added tokens go straight to bytes. */
  readonly spaces?: VisibleSpaces | undefined;
  /** Cuts a stretch; default: not at all. */
  readonly cut?: (piece: AlignedText) => AlignedText[];
  readonly boundaries?: HardBoundaries;
}

export class PiecePath implements FastPath {
  readonly hasKnownSplit = false;
  private readonly options: PiecePathOptions;
  private readonly text = new TextBuffer();
  private readonly source = new TextBuffer();

  constructor(options: PiecePathOptions) {
    this.options = options;
  }

  encode(text: string, allowed: AllowedSpecial): number[] {
    const { engine, added, spaces } = this.options;
    let count = 0;
    if (spaces !== undefined && added.isInert(allowed)) {
      count = this.encodeTaken(this.takeVisible(text, spaces), 0);
      return takeIds(engine.out, count);
    }
    this.eachPiece(text, allowed, (piece, id) => {
      count = id >= 0 ? engine.put(id, count) : this.run(piece, count);
      return true;
    });
    return takeIds(engine.out, count); // `out` may be another array than before
  }

  count(text: string, allowed: AllowedSpecial, limit: number): number {
    const { added, spaces } = this.options;
    if (spaces !== undefined && added.isInert(allowed))
      return this.countTaken(this.takeVisible(text, spaces), limit);
    let count = 0;
    this.eachPiece(text, allowed, (piece, id) => {
      count += id >= 0 ? 1 : this.countIn(piece, limit - count);
      return count <= limit;
    });
    return count;
  }

  private eachPiece(
    text: string,
    allowed: AllowedSpecial,
    visit: (piece: string, id: number) => boolean,
  ): void {
    const { added, normalizer, cut } = this.options;
    const whole = AlignedText.from(toWellFormed(text), false);
    for (const match of added.matchRaw(whole.value, allowed)) {
      const part = whole.slice(match.start, match.end);
      if (match.token !== undefined) {
        if (!visit('', match.token.id)) return;
        continue;
      }
      normalizer?.normalize(part);
      for (const inner of added.matchNormalized(part.value, allowed)) {
        if (inner.token !== undefined) {
          if (!visit('', inner.token.id)) return;
          continue;
        }
        const stretch = part.slice(inner.start, inner.end);
        for (const piece of cut === undefined ? [stretch] : cut(stretch)) {
          if (piece.value !== '' && !visit(piece.value, -1)) return;
        }
      }
    }
  }

  /** Takes the normalised bytes of a text; returns how many. */
  private takeVisible(text: string, spaces: VisibleSpaces): number {
    const length = this.source.setText(text);
    const end = this.text.setVisible(this.source, length, spaces);
    this.source.release();
    return end;
  }

  /** Ids of a piece, in the engine's `out` from `from` on; returns where they end. */
  private run(piece: string, from: number): number {
    return this.encodeTaken(this.text.setText(piece), from);
  }

  private countIn(piece: string, limit: number): number {
    return this.countTaken(this.text.setText(piece), limit);
  }

  private encodeTaken(end: number, from: number): number {
    const { engine, boundaries } = this.options;
    let count = from;
    if (boundaries !== undefined) count = engine.encodeRun(this.text, end, boundaries.scan, from);
    else if (end > 0) count = engine.encodePiece(this.text, 0, end, from);
    this.text.release();
    return count;
  }

  private countTaken(end: number, limit: number): number {
    const { engine, boundaries } = this.options;
    let count = 0;
    if (boundaries !== undefined) count = engine.countRun(this.text, end, boundaries.scan, limit);
    else if (end > 0) count = engine.countPiece(this.text, 0, end);
    this.text.release();
    return count;
  }
}
