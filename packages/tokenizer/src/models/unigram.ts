// Unigram language model (Kudo 2018): the segmentation with the greatest sum of scores, by Viterbi over the positions of a piece. Prefixes are looked
// up in a byte trie kept in one hash table. Runs of unknown characters become one unknown token, or bytes where the vocabulary has them.
import { ByteTrie } from '../engine/byte-trie.ts';
import { encodeUtf8 } from '../unicode/utf8.ts';
import { byteToken } from './bpe.ts';
import type { Model, ModelOptions, ModelToken } from './model.ts';

/** Penalty of an unknown character under the least score of the vocabulary. */
const UNK_PENALTY = 10;
/** Positions that the rows of the search keep room for between pieces. */
const MOST_KEPT = 1 << 16;

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
  const trie = new ByteTrie();
  const scores = new Float64Array(pieces.length);
  let least = Number.POSITIVE_INFINITY;
  pieces.forEach(([token, score], id) => {
    ids.set(token, id);
    scores[id] = options.scoreOf?.(id) ?? score;
    least = Math.min(least, score);
    if (token !== '' && !options.excluded?.has(id)) trie.insert(encodeUtf8(token), id);
  });
  const byteIds = options.byteFallback
    ? Array.from({ length: 256 }, (_, b) => ids.get(byteToken(b)))
    : undefined;
  const looksUp = options.namesUnknown ?? true;
  const isSingle = options.singlePrecision ?? false;
  const unkScore = isSingle ? Math.fround(least - UNK_PENALTY) : least - UNK_PENALTY;

  // One set of rows for all pieces, which grows
  let best = isSingle ? new Float32Array(64) : new Float64Array(64);
  let from = new Int32Array(64);
  let token = new Int32Array(64);

  const tokenize = (piece: string, { excluded }: ModelOptions = {}): ModelToken[] => {
    const bytes = encodeUtf8(piece);
    const size = bytes.length;
    if (size >= best.length) {
      best = isSingle ? new Float32Array(size * 2) : new Float64Array(size * 2);
      from = new Int32Array(size * 2);
      token = new Int32Array(size * 2);
    }
    best[0] = 0;
    from.fill(-1, 0, size + 1);
    const reach = (start: number, end: number, score: number, id: number) => {
      const total = best[start] + score;
      if (from[end] < 0 || total > best[end]) {
        best[end] = total;
        from[end] = start;
        token[end] = id;
      }
    };
    for (let start = 0; start < size; ) {
      const width = bytes[start] < 0x80 ? 1 : bytes[start] < 0xe0 ? 2 : bytes[start] < 0xf0 ? 3 : 4;
      let single = false;
      let node = 0;
      for (let end = start; end < size; ) {
        node = trie.child(node, bytes[end++]);
        if (node < 0) break;
        const id = trie.value(node);
        if (id < 0 || excluded?.has(id)) continue;
        reach(start, end, scores[id], id);
        if (end - start === width) single = true;
      }
      if (!single) {
        if (unkId == null)
          throw new RangeError('unk_id: a character is unknown and the model has no unknown token');
        reach(
          start,
          start + width,
          isSingle ? Math.fround(best[start] + unkScore) - best[start] : unkScore,
          unkId,
        );
      }
      start += width;
    }
    const spans: [number, number, number][] = [];
    for (let end = size; end > 0; end = from[end]) {
      const last = spans.at(-1);
      if (token[end] === unkId && last !== undefined && last[2] === unkId) last[0] = from[end];
      else spans.push([from[end], end, token[end]]);
    }
    const tokens: ModelToken[] = [];
    for (const [start, end, id] of spans.reverse()) {
      if (id === unkId) pushUnknown(tokens, bytes, start, end, id, excluded);
      else tokens.push({ id, start, end });
    }
    // A long piece's rows are not kept
    if (best.length > MOST_KEPT) {
      best = isSingle ? new Float32Array(64) : new Float64Array(64);
      from = new Int32Array(64);
      token = new Int32Array(64);
    }
    return tokens;
  };

  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const pushUnknown = (
    tokens: ModelToken[],
    bytes: Uint8Array,
    start: number,
    end: number,
    id: number,
    excluded: ReadonlySet<number> | undefined,
  ) => {
    const text = decoder.decode(bytes.subarray(start, end));
    const known = looksUp ? ids.get(text) : undefined;
    if (known !== undefined && !excluded?.has(known)) {
      tokens.push({ id: known, start, end });
      return;
    }
    const parts: number[] = [];
    if (byteIds !== undefined) {
      for (let i = start; i < end; i++) {
        const byte = byteIds[bytes[i]];
        if (byte !== undefined) parts.push(byte);
      }
    }
    if (parts.length === end - start) for (const part of parts) tokens.push({ id: part, start, end });
    else tokens.push({ id, start, end, text });
  };

  return {
    size: pieces.length,
    tokenize,
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
