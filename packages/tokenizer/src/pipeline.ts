// The general path from text to tokens: added tokens cut out, normalised, cut again, pre-tokenized, handed to the model; with offsets into the
// original text when asked. Exact for every stage; the fast path (engine/) gives the same ids for the common combinations.

import type { AddedTokens, AllowedSpecial } from './added-tokens.ts';
import { AlignedText } from './aligned-text.ts';
import type { Decoder } from './decoders/decoder.ts';
import type { Encoding } from './encoding.ts';
import type { PieceExplanation } from './explain.ts';
import type { Model, ModelOptions } from './models/model.ts';
import type { Normalizer } from './normalizers/normalizer.ts';
import type { PostProcessor } from './post-processors/post-processor.ts';
import type { PreTokenizer } from './pre-tokenizers/pre-tokenizer.ts';
import { toWellFormed, utf8Length } from './unicode/utf8.ts';

/** The stages of a tokenizer, in the order of the data. */
export interface Stages {
  readonly normalizer?: Normalizer;
  readonly preTokenizer?: PreTokenizer;
  readonly model: Model;
  readonly postProcessor?: PostProcessor;
  readonly decoder?: Decoder;
}

interface Piece {
  readonly text: AlignedText;
  readonly id?: number;
}

/** What may vary from call to call. */
export interface PipelineOptions extends ModelOptions {
  readonly allowedSpecial: AllowedSpecial;
}

/** The pieces that the model works on, and the added tokens between them. */
function cut(
  stages: Stages,
  added: AddedTokens,
  text: string,
  track: boolean,
  allowed: AllowedSpecial,
): Piece[] {
  const whole = AlignedText.from(toWellFormed(text), track);
  const pieces: Piece[] = [];
  for (const match of added.matchRaw(whole.value, allowed)) {
    const part = whole.slice(match.start, match.end);
    if (match.token !== undefined) {
      pieces.push({ text: part, id: match.token.id });
      continue;
    }
    stages.normalizer?.normalize(part);
    for (const inner of added.matchNormalized(part.value, inOriginal(part, allowed))) {
      const stretch = part.slice(inner.start, inner.end);
      if (inner.token !== undefined) pieces.push({ text: stretch, id: inner.token.id });
      else
        for (const word of stages.preTokenizer?.split(stretch) ?? [stretch])
          if (word.value !== '') pieces.push({ text: word });
    }
  }
  return pieces;
}

/** The same rule for the normalised form of a part: places are those of the original text. */
export function inOriginal(part: AlignedText, allowed: AllowedSpecial): AllowedSpecial {
  if (typeof allowed !== 'function') return allowed;
  return (token, start, end) => allowed(token, ...part.originalRange(start, end));
}

/** The ids of one text, without special tokens. */
export function encodeIds(
  stages: Stages,
  added: AddedTokens,
  text: string,
  options: PipelineOptions,
): number[] {
  const ids: number[] = [];
  for (const piece of cut(stages, added, text, needsOrigin(stages), options.allowedSpecial)) {
    if (piece.id !== undefined) ids.push(piece.id);
    else for (const token of stages.model.tokenize(piece.text.value, options)) ids.push(token.id);
  }
  return ids;
}

/** Metaspace with the scheme 'first' asks whether a piece begins the original text, which only alignments tell. */
const needsOrigin = (stages: Stages): boolean =>
  JSON.stringify(stages.preTokenizer?.config ?? null).includes('"prepend_scheme":"first"');

/** One text with every column, without special tokens. */
export function encodeColumns(
  stages: Stages,
  added: AddedTokens,
  text: string,
  sequence: 0 | 1,
  options: PipelineOptions,
): Encoding {
  const ids: number[] = [];
  const tokens: string[] = [];
  const offsets: (readonly [number, number])[] = [];
  const wordIds: number[] = [];
  cut(stages, added, text, true, options.allowedSpecial).forEach((piece, word) => {
    const push = (id: number, token: string, range: readonly [number, number]) => {
      ids.push(id);
      tokens.push(token);
      offsets.push(range);
      wordIds.push(word);
    };
    const value = piece.text.value;
    if (piece.id !== undefined) {
      push(piece.id, value, piece.text.originalRange(0, value.length));
      return;
    }
    const unitOf = unitsOfBytes(value);
    for (const { id, start, end, text: own } of stages.model.tokenize(value, options)) {
      const from = unitOf(start);
      // A token that ends inside a character still owns that character.
      const to = end > start ? unitOf(end - 1) + 1 : from;
      push(id, own ?? stages.model.idToToken(id) ?? '', piece.text.originalRange(from, to));
    }
  });
  const count = ids.length;
  return {
    ids,
    typeIds: new Array<number>(count).fill(sequence),
    tokens,
    offsets,
    wordIds,
    sequenceIds: new Array<number>(count).fill(sequence),
    specialTokensMask: new Array<number>(count).fill(0),
    attentionMask: new Array<number>(count).fill(1),
    overflowing: [],
  };
}

/** The pieces of one text and how each became tokens. */
export function explainText(
  stages: Stages,
  added: AddedTokens,
  text: string,
  options: PipelineOptions,
): PieceExplanation[] {
  return cut(stages, added, text, true, options.allowedSpecial).map(({ text: piece, id }) => {
    const token = (each: number) => ({
      id: each,
      token: added.get(each)?.content ?? stages.model.idToToken(each) ?? '',
    });
    const range = piece.originalRange(0, piece.value.length);
    if (id !== undefined) return { piece: piece.value, range, tokens: [token(id)] };
    const steps = stages.model.explain?.(piece.value);
    const tokens = stages.model.tokenize(piece.value, options).map((t) => token(t.id));
    return { piece: piece.value, range, tokens, ...(steps && { steps }) };
  });
}

/** A function from byte positions of a text to its UTF-16 units. */
function unitsOfBytes(text: string): (byte: number) => number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII
  if (/^[\x00-\x7f]*$/.test(text)) return (byte) => byte;
  const units: number[] = [];
  for (let i = 0; i < text.length; ) {
    const codePoint = text.codePointAt(i)!;
    for (let k = utf8Length(codePoint); k > 0; k--) units.push(i);
    i += codePoint > 0xffff ? 2 : 1;
  }
  return (byte) => units[byte] ?? text.length;
}
