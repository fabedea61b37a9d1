// Ids and offsets of a text for byte-level vocabularies, from the fast path: a token's bytes are the text's bytes, so the
// lengths of the tokens say where they are. The general path (pipeline.ts) gives the same, many times slower.
import type { AddedTokens, AllowedPlace } from './added-tokens.ts';
import { isByteLevel } from './token-bytes.ts';
import type { Tokenizer } from './tokenizer.ts';
import { toWellFormed, utf8Length } from './unicode/utf8.ts';

export interface Columns {
  readonly ids: readonly number[];
  /** Range of each token in UTF-16 units; a token of a part of a character has all of it. */
  readonly offsets: readonly (readonly [number, number])[];
}

interface Known {
  readonly eligible: boolean;
  /** Bytes of each id seen so far. */
  readonly lengths: Map<number, number>;
}
const cache = new WeakMap<Tokenizer['parts'], Known>();

function knownOf({ parts }: Pick<Tokenizer, 'parts'>): Known {
  let known = cache.get(parts);
  if (known === undefined) {
    const { normalizer, preTokenizer, decoder } = parts;
    const isNfc = normalizer === undefined || normalizer.config.type === 'NFC';
    const prefixed = JSON.stringify(preTokenizer?.config ?? null).includes('"add_prefix_space":true');
    const plain =
      decoder !== undefined && isByteLevel(decoder) && !parts.addedTokens.some((t) => t.normalized);
    known = { eligible: isNfc && !prefixed && plain, lengths: new Map() };
    cache.set(parts, known);
  }
  return known;
}

/** The columns, or undefined when this way cannot tell them for sure. `refused` are ids that plain text may not become. */
export function byteLevelColumns(
  tokenizer: Pick<Tokenizer, 'parts' | 'encode' | 'tokenBytes'>,
  added: AddedTokens,
  source: string,
  allowed: AllowedPlace,
  refused: ReadonlySet<number>,
): Columns | undefined {
  const { eligible, lengths } = knownOf(tokenizer);
  if (!eligible) return undefined;
  const text = toWellFormed(source);
  if (tokenizer.parts.normalizer !== undefined && text.normalize('NFC') !== text) return undefined;
  const ids: number[] = [];
  const offsets: (readonly [number, number])[] = [];
  for (const match of added.matchRaw(text, allowed)) {
    if (match.token !== undefined) {
      ids.push(match.token.id);
      offsets.push([match.start, match.end]);
      continue;
    }
    const stretch = text.slice(match.start, match.end);
    // The unit and the number of bytes before it of the character that the next byte belongs to
    let unit = match.start;
    let before = 0;
    let bytes = 0;
    for (const id of tokenizer.encode(stretch, {
      addSpecialTokens: false,
      truncation: false,
      padding: false,
    })) {
      if (refused.has(id)) return undefined;
      let length = lengths.get(id);
      if (length === undefined) {
        length = tokenizer.tokenBytes(id)?.length ?? 0;
        lengths.set(id, length);
      }
      const start = unit;
      bytes += length;
      let end = unit;
      while (before < bytes && end < match.end) {
        const codePoint = text.codePointAt(end)!;
        const size = utf8Length(codePoint);
        end += codePoint > 0xffff ? 2 : 1;
        if (before + size > bytes) break;
        before += size;
        unit = end;
      }
      ids.push(id);
      offsets.push([start, end]);
    }
    if (unit !== match.end || before !== bytes) return undefined;
  }
  return { ids, offsets };
}
