// Special tokens of a tokenizer by their text: what was sampled as one is that one again, never the same characters spelled out.
import type { SplicingCodec } from './inline-engine.ts';

/** The text of a token; special tokens have no bytes in many tokenizers. */
export function tokenText(codec: SplicingCodec, id: number): string {
  const bytes = codec.tokenBytes(id);
  return bytes === undefined || bytes.length === 0
    ? (codec.idToToken?.(id) ?? '')
    : new TextDecoder().decode(bytes);
}

const known = new WeakMap<SplicingCodec, ReadonlyMap<string, number>>();
/** The ids of the special tokens that have a text. */
export function specialTokenIds(codec: SplicingCodec): ReadonlyMap<string, number> {
  let ids = known.get(codec);
  if (ids === undefined) {
    const texts = [...(codec.specialIds ?? [])].map((id) => [tokenText(codec, id), id] as const);
    ids = new Map(texts.filter(([text]) => text !== '').reverse());
    known.set(codec, ids);
  }
  return ids;
}

/** The ids of a piece: a special token, or ordinary text with specials off. @throws RangeError for a special token that the tokenizer has not */
export function pieceIds(codec: SplicingCodec, text: string, special: boolean): readonly number[] {
  if (!special) return Array.from(codec.encode(text, { addSpecialTokens: false }));
  const id = specialTokenIds(codec).get(text);
  if (id === undefined) throw new RangeError(`special: the tokenizer has no ${JSON.stringify(text)}`);
  return [id];
}
