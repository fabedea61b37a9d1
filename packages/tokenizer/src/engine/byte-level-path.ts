// Byte-level vocabularies: text to UTF-8 once, a scanner for the cuts, the engine for the pieces.
import type { AddedTokens, AllowedSpecial } from '../added-tokens.ts';
import type { Scanner } from '../scanners/character-classes.ts';
import { ByteLevelDecoder } from './byte-level-decoder.ts';
import type { BytePairEngine } from './byte-pair-engine.ts';
import type { FastPath } from './fast-path.ts';
import { takeIds } from './take-ids.ts';
import { TextBuffer } from './text-buffer.ts';

export interface ByteLevelPathOptions {
  readonly scanner: Scanner;
  readonly prefixSpace: boolean;
  /** Stretches are brought to NFC first. */
  readonly isNfc: boolean;
  readonly added: AddedTokens;
  readonly engine: BytePairEngine;
}

export class ByteLevelPath implements FastPath {
  readonly hasKnownSplit: boolean;
  private readonly options: ByteLevelPathOptions;
  private readonly scanner: Scanner;
  private readonly engine: BytePairEngine;
  private readonly text = new TextBuffer();
  private readonly decoder: ByteLevelDecoder;

  constructor(options: ByteLevelPathOptions) {
    this.options = options;
    this.hasKnownSplit = !options.prefixSpace;
    this.scanner = options.scanner;
    this.engine = options.engine;
    this.decoder = new ByteLevelDecoder(options.engine.table, options.added);
  }

  encode(text: string, allowed: AllowedSpecial): number[] {
    if (this.options.added.isInert(allowed)) {
      const count = this.run(text);
      return takeIds(this.engine.out, count);
    }
    const ids: number[] = [];
    this.eachStretch(text, allowed, (stretch, id) => {
      if (id >= 0) ids.push(id);
      else {
        const count = this.run(stretch);
        const { out } = this.engine;
        for (let i = 0; i < count; i++) ids.push(out[i]);
      }
      return true;
    });
    return ids;
  }

  count(text: string, allowed: AllowedSpecial, limit: number): number {
    if (this.options.added.isInert(allowed)) {
      // More text than so many tokens can have is not looked at (NFC makes texts shorter, but not below a third).
      if (text.length > (limit + 1) * 3 * this.engine.table.longest) return limit + 1;
      return this.countIn(text, limit);
    }
    let count = 0;
    this.eachStretch(text, allowed, (stretch, id) => {
      count += id >= 0 ? 1 : this.countIn(stretch, limit - count);
      return count <= limit;
    });
    return count;
  }

  decode(ids: ArrayLike<number>, added: (id: number) => Uint8Array | undefined): string {
    return this.decoder.decode(ids, added);
  }

  /** Added tokens and the ordinary stretches between them, until `visit` says false. */
  private eachStretch(
    text: string,
    allowed: AllowedSpecial,
    visit: (stretch: string, id: number) => boolean,
  ): void {
    const { added, isNfc } = this.options;
    for (const match of added.matchRaw(text, allowed)) {
      const stretch = text.slice(match.start, match.end);
      if (match.token !== undefined) {
        if (!visit(stretch, match.token.id)) return;
        continue;
      }
      const normalized = isNfc ? stretch.normalize('NFC') : stretch;
      for (const inner of added.matchNormalized(normalized, allowed)) {
        const part = normalized.slice(inner.start, inner.end);
        if (!visit(part, inner.token?.id ?? -1)) return;
      }
    }
  }

  /** Ids of an ordinary stretch, in the engine's `out`; returns how many. */
  private run(text: string): number {
    const end = this.take(text);
    const count = this.engine.encodeRun(this.text, end, this.scanner);
    this.text.release();
    return count;
  }

  /** How many ids an ordinary stretch has, at least some number beyond `limit` when they are more. */
  private countIn(text: string, limit: number): number {
    const end = this.take(text);
    const count = this.engine.countRun(this.text, end, this.scanner, limit);
    this.text.release();
    return count;
  }

  /** Takes the normalised bytes of a stretch; returns how many. */
  private take(text: string): number {
    const { isNfc, prefixSpace } = this.options;
    const source = isNfc && !isAscii(text) ? text.normalize('NFC') : text;
    return this.text.setText(source, prefixSpace && text !== '' && text.charCodeAt(0) !== 32 ? 1 : 0);
  }
}

/** Whether a short text is ASCII, which needs no normalising; longer ones are left to the engine's own check. */
function isAscii(text: string): boolean {
  if (text.length > 64) return false;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= 0x80) return false;
  return true;
}
