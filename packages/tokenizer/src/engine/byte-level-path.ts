// Byte-level vocabularies: text to UTF-8 once, a scanner for the cuts, the engine for the pieces.
import type { AddedTokens, AllowedSpecial } from '../added-tokens.ts';
import type { Scanner } from '../scanners/character-classes.ts';
import { ByteLevelDecoder } from './byte-level-decoder.ts';
import type { BytePairEngine } from './byte-pair-engine.ts';
import type { FastPath } from './fast-path.ts';
import { stretchEncoder } from './kernel-stretches.ts';
import type { StretchEncoder } from './stretch-encoder.ts';

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
  private readonly engine: BytePairEngine;
  private readonly stretches: StretchEncoder;
  private readonly decoder: ByteLevelDecoder;

  constructor(options: ByteLevelPathOptions) {
    this.options = options;
    this.hasKnownSplit = !options.prefixSpace;
    this.engine = options.engine;
    this.stretches = stretchEncoder(options.engine, options.scanner);
    this.decoder = new ByteLevelDecoder(options.engine.table, options.added);
  }

  encode(text: string, allowed: AllowedSpecial): number[] {
    if (this.options.added.isInert(allowed)) return this.encodeIn(text);
    const ids: number[] = [];
    this.eachStretch(text, allowed, (stretch, id) => {
      if (id >= 0) ids.push(id);
      else for (const part of this.encodeIn(stretch)) ids.push(part);
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

  private encodeIn(text: string): number[] {
    const source = this.normalized(text);
    return this.stretches.encode(source, this.prefixOf(source));
  }

  /** How many ids an ordinary stretch has, at least some number beyond `limit` when they are more. */
  private countIn(text: string, limit: number): number {
    const source = this.normalized(text);
    return this.stretches.count(source, this.prefixOf(source), limit);
  }

  private normalized(text: string): string {
    return this.options.isNfc && !isAscii(text) ? text.normalize('NFC') : text;
  }

  private prefixOf(text: string): 0 | 1 {
    return this.options.prefixSpace && text !== '' && text.charCodeAt(0) !== 32 ? 1 : 0;
  }
}

/** Whether a short text is ASCII, which needs no normalising; longer ones are left to the engine's own check. */
function isAscii(text: string): boolean {
  if (text.length > 64) return false;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= 0x80) return false;
  return true;
}
