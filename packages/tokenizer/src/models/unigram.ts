// Unigram language model (Kudo 2018): the segmentation with the greatest sum of scores, by Viterbi over the positions of a piece. Prefixes are looked
// up in a trie over UTF-16 units kept in one hash table. Runs of unknown characters become one unknown token, or bytes where the vocabulary has them.
import { UnitTrie } from '../engine/unit-trie.ts';
import { encodeUtf8, toWellFormed, utf8ByteLength } from '../unicode/utf8.ts';
import { byteToken } from './bpe.ts';
import type { Model, ModelOptions, ModelToken } from './model.ts';

/** Penalty of an unknown character under the least score of the vocabulary. */
const UNK_PENALTY = 10;
/** Positions that the rows of the search keep room for between pieces. */
const MOST_KEPT = 1 << 16;

const isHighSurrogate = (unit: number): boolean => (unit & 0xfc00) === 0xd800;

export interface UnigramOptions {
  /** Token and log-probability, by id. */
  readonly pieces: readonly (readonly [string, number])[];
  readonly unkId?: number | null;
  readonly byteFallback?: boolean;
  /** Ids that never match text (control tokens of SentencePiece files). */
  readonly excluded?: ReadonlySet<number>;
  /** Scores that differ from the ones in the vocabulary, as user-defined pieces of SentencePiece files have. */
  readonly scoreOf?: (id: number) => number;
  /** Sums of scores are kept in single precision but compared before they are rounded, as in the SentencePiece library, where that breaks ties. */
  readonly singlePrecision?: boolean;
  /** A run of unknown characters that spells an entry becomes it, as in Hugging Face's `tokenizers` but not elsewhere; default true. */
  readonly namesUnknown?: boolean;
}

export function unigram(options: UnigramOptions): Model {
  const { pieces, unkId } = options;
  if (unkId != null && !(unkId >= 0 && unkId < pieces.length)) {
    throw new RangeError(`unk_id: expected 0 <= id < ${pieces.length}, got ${unkId}`);
  }
  const ids = new Map<string, number>();
  const trie = new UnitTrie();
  const scores = new Float64Array(pieces.length);
  let least = Number.POSITIVE_INFINITY;
  pieces.forEach(([token, score], id) => {
    ids.set(token, id);
    scores[id] = options.scoreOf?.(id) ?? score;
    least = Math.min(least, score);
    if (token !== '' && !options.excluded?.has(id)) trie.insert(toWellFormed(token), id);
  });
  const byteIds = options.byteFallback
    ? Array.from({ length: 256 }, (_, b) => ids.get(byteToken(b)))
    : undefined;
  const looksUp = options.namesUnknown ?? true;
  const isSingle = options.singlePrecision ?? false;
  const unkScore = isSingle ? Math.fround(least - UNK_PENALTY) : least - UNK_PENALTY;

  // One set of rows for all pieces, which grows: by UTF-16 unit the best sum so far, where its last token began, and that token.
  let best = isSingle ? new Float32Array(64) : new Float64Array(64);
  let from = new Int32Array(64);
  let token = new Int32Array(64);
  const allocate = (size: number) => {
    best = isSingle ? new Float32Array(size) : new Float64Array(size);
    from = new Int32Array(size);
    token = new Int32Array(size);
  };

  // The tokens that the text may not become, as flags: asked at every match.
  const isExcluded = new Uint8Array(pieces.length);
  let flagged: ReadonlySet<number> | undefined;
  const exclude = (excluded: ReadonlySet<number> | undefined) => {
    if (excluded === flagged) return;
    isExcluded.fill(0);
    for (const id of excluded ?? []) if (id < pieces.length) isExcluded[id] = 1;
    flagged = excluded;
  };

  const chain: number[] = []; // ends of the tokens found, the last one first

  /** The best way through a well-formed piece, left in `chain`, `from` and `token`; runs of unknown characters are joined. */
  const search = (piece: string, excluded: ReadonlySet<number> | undefined): void => {
    const size = piece.length;
    if (size >= best.length) allocate(size * 2);
    best[0] = 0;
    from.fill(-1, 0, size + 1);
    const { values, ends } = trie;
    exclude(excluded);
    for (let start = 0; start < size; ) {
      const unit = piece.charCodeAt(start);
      const width = isHighSurrogate(unit) && start + 1 < size ? 2 : 1;
      const base = best[start];
      let single = false;
      const count = trie.walk(piece, start, 0);
      for (let i = 0; i < count; i++) {
        const id = values[i];
        if (isExcluded[id] !== 0) continue;
        const end = ends[i];
        const total = base + scores[id];
        if (from[end] < 0 || total > best[end]) {
          best[end] = total;
          from[end] = start;
          token[end] = id;
        }
        if (end - start === width) single = true;
      }
      if (!single) {
        if (unkId == null)
          throw new RangeError('unk_id: a character is unknown and the model has no unknown token');
        const end = start + width;
        const total = isSingle ? Math.fround(base + unkScore) : base + unkScore;
        if (from[end] < 0 || total > best[end]) {
          best[end] = total;
          from[end] = start;
          token[end] = unkId;
        }
      }
      start += width;
    }
    chain.length = 0;
    let end = size;
    let after = -1; // end of the token behind
    while (end > 0) {
      const start = from[end];
      const id = token[end];
      if (id === unkId && after >= 0 && token[after] === unkId) from[after] = start;
      else {
        chain.push(end);
        after = end;
      }
      end = start;
    }
  };

  const release = () => {
    if (best.length > MOST_KEPT) allocate(64); // a long piece's rows are not kept
  };

  const tokenize = (text: string, { excluded }: ModelOptions = {}): ModelToken[] => {
    const piece = toWellFormed(text);
    search(piece, excluded);
    const tokens: ModelToken[] = [];
    let at = 0; // in bytes
    for (let i = chain.length - 1; i >= 0; i--) {
      const id = token[chain[i]];
      const part = piece.slice(from[chain[i]], chain[i]);
      const start = at;
      at += utf8ByteLength(part);
      if (id !== unkId) {
        tokens.push({ id, start, end: at });
        continue;
      }
      const known = spelt(part, excluded);
      if (typeof known === 'number') tokens.push({ id: known, start, end: at });
      else if (known !== undefined) for (const each of known) tokens.push({ id: each, start, end: at });
      else tokens.push({ id, start, end: at, text: part });
    }
    release();
    return tokens;
  };

  const putIds = (piece: string, excluded: ReadonlySet<number> | undefined, out: number[]): void => {
    search(piece, excluded);
    for (let i = chain.length - 1; i >= 0; i--) {
      const id = token[chain[i]];
      if (id !== unkId) {
        out.push(id);
        continue;
      }
      const known = spelt(piece.slice(from[chain[i]], chain[i]), excluded);
      if (known === undefined || typeof known === 'number') out.push(known ?? id);
      else for (const each of known) out.push(each);
    }
    release();
  };

  /** What a run of unknown characters becomes: the entry that it spells, or its bytes where all of them are entries. */
  const spelt = (
    text: string,
    excluded: ReadonlySet<number> | undefined,
  ): number | readonly number[] | undefined => {
    const known = looksUp ? ids.get(text) : undefined;
    if (known !== undefined && !excluded?.has(known)) return known;
    if (byteIds === undefined) return undefined;
    const parts: number[] = [];
    for (const byte of encodeUtf8(text)) {
      const id = byteIds[byte];
      if (id === undefined) return undefined;
      parts.push(id);
    }
    return parts;
  };

  return {
    size: pieces.length,
    tokenize,
    putIds,
    tokenToId: (text) => ids.get(text),
    idToToken: (id) => pieces[id]?.[0],
    config: () => ({
      type: 'Unigram',
      unk_id: unkId ?? null,
      vocab: pieces.map(([text, score]) => [text, score]),
      byte_fallback: options.byteFallback ?? false,
    }),
  };
}
