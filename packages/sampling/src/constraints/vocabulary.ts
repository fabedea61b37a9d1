// The vocabulary of a tokenizer made ready: its texts in the order of their bytes, and the trie of them. Built once for
// a tokenizer and kept as bytes if wanted.
import { buildTrie, byteOrder, type TextPool, type TokenTrie } from './token-trie.ts';

/** What a tokenizer tells: each id's bytes, and which ids end a text. */
export interface VocabularySource {
  readonly vocabSize: number;
  /** The bytes of an id; undefined for one that stands for no text. */
  tokenBytes(id: number): Uint8Array | undefined;
  readonly eosTokenIds: readonly number[];
  /** Ids that are never text, whatever their bytes. */
  readonly specialIds?: ReadonlySet<number> | readonly number[];
}

/** A vocabulary made ready: a trie of its texts in preorder (node 0 is the empty text). */
export interface Vocabulary extends TokenTrie {
  readonly vocabSize: number;
  readonly eosTokenIds: readonly number[];
  /** The texts in the order of their bytes. */
  readonly texts: TextPool;
  /** The id of each text. */
  readonly textIds: Int32Array;
  /** The bytes of a token, as text to step through; undefined for ids without. */
  tokenBytes(id: number): Uint8Array | undefined;
  /** The vocabulary as bytes, for `loadVocabulary`. */
  save(): Uint8Array;
}

const longestText = 65_535;
const largestVocabulary = 2 ** 24;

/**
 * Builds the trie: about a microsecond a token.
 *
 * @throws RangeError for a size that is not from 1 to 2^24, or more than 2^21 texts.
 */
export function prepareVocabulary(source: VocabularySource): Vocabulary {
  const { vocabSize } = source;
  if (!Number.isInteger(vocabSize) || vocabSize < 1 || vocabSize > largestVocabulary)
    throw new RangeError(`vocabSize: expected an integer from 1 to ${largestVocabulary}, got ${vocabSize}`);
  const special = new Set(source.specialIds ?? []);
  const eos = [...source.eosTokenIds];
  for (const id of eos) special.add(id);
  const texts: Uint8Array[] = [];
  const ids: number[] = [];
  for (let id = 0; id < vocabSize; id++) {
    if (special.has(id)) continue;
    const bytes = source.tokenBytes(id);
    if (bytes === undefined || bytes.length === 0 || bytes.length > longestText) continue;
    texts.push(bytes);
    ids.push(id);
  }
  const plain = pooled(texts);
  const order = byteOrder(plain);
  return made(
    vocabSize,
    eos,
    reordered(plain, order),
    Int32Array.from(order, (i) => ids[i]),
  );
}

function pooled(texts: readonly Uint8Array[]): TextPool {
  const starts = new Int32Array(texts.length + 1);
  for (let i = 0; i < texts.length; i++) starts[i + 1] = starts[i] + texts[i].length;
  const pool = new Uint8Array(starts[texts.length]);
  // Byte by byte: a call a text costs more.
  for (let i = 0, at = 0; i < texts.length; i++) {
    const text = texts[i];
    for (let b = 0; b < text.length; b++) pool[at++] = text[b];
  }
  return { pool, starts };
}

function reordered({ pool, starts }: TextPool, order: Int32Array): TextPool {
  const next = new Uint8Array(pool.length);
  const begins = new Int32Array(starts.length);
  let at = 0;
  for (let i = 0; i < order.length; i++) {
    for (let b = starts[order[i]]; b < starts[order[i] + 1]; b++) next[at++] = pool[b];
    begins[i + 1] = at;
  }
  return { pool: next, starts: begins };
}

function made(vocabSize: number, eos: readonly number[], texts: TextPool, textIds: Int32Array): Vocabulary {
  const rankOf = new Int32Array(vocabSize).fill(-1);
  for (let rank = 0; rank < textIds.length; rank++) rankOf[textIds[rank]] = rank;
  const { pool, starts } = texts;
  return {
    ...buildTrie(texts, textIds),
    vocabSize,
    eosTokenIds: eos,
    texts,
    textIds,
    tokenBytes(id) {
      const rank = rankOf[id] ?? -1;
      return rank < 0 ? undefined : pool.subarray(starts[rank], starts[rank + 1]);
    },
    save() {
      const lengths = Int32Array.from(textIds, (_, rank) => starts[rank + 1] - starts[rank]);
      const header = Int32Array.of(magic, vocabSize, eos.length, textIds.length, ...eos);
      const out = new Uint8Array(4 * (header.length + 2 * textIds.length) + pool.length);
      out.set(new Uint8Array(header.buffer));
      out.set(new Uint8Array(textIds.buffer, textIds.byteOffset, textIds.byteLength), header.byteLength);
      out.set(new Uint8Array(lengths.buffer), header.byteLength + textIds.byteLength);
      out.set(pool, out.length - pool.length);
      return out;
    },
  };
}

const magic = 0x31_43_4f_56; // "VOC1"

/**
 * The vocabulary that `save` gave.
 *
 * @throws RangeError when the bytes are not those of a vocabulary.
 */
export function loadVocabulary(saved: Uint8Array): Vocabulary {
  const copy = saved.slice();
  const words = new Int32Array(copy.buffer, 0, copy.byteLength >> 2);
  const [word, vocabSize, eosCount, count] = words;
  const head = 4 + eosCount;
  if (
    word !== magic ||
    vocabSize < 1 ||
    vocabSize > largestVocabulary ||
    eosCount < 0 ||
    count < 0 ||
    head + 2 * count > words.length
  )
    throw new RangeError('vocabulary: expected the bytes of save(), got others');
  const eos = [...words.subarray(4, head)];
  const ids = words.slice(head, head + count);
  const lengths = words.subarray(head + count, head + 2 * count);
  const starts = new Int32Array(count + 1);
  const seen = new Uint8Array(vocabSize);
  for (let i = 0; i < count; i++) {
    if (!(lengths[i] > 0 && lengths[i] <= longestText))
      throw new RangeError(`vocabulary: expected texts of 1 to ${longestText} bytes, got ${lengths[i]}`);
    if (!(ids[i] >= 0 && ids[i] < vocabSize) || seen[ids[i]] === 1)
      throw new RangeError(`vocabulary: expected ids below ${vocabSize}, each once, got ${ids[i]}`);
    seen[ids[i]] = 1;
    starts[i + 1] = starts[i] + lengths[i];
  }
  const pool = copy.subarray(4 * (head + 2 * count));
  if (pool.length !== starts[count])
    throw new RangeError(`vocabulary: expected ${starts[count]} bytes of texts, got ${pool.length}`);
  return made(vocabSize, eos, { pool, starts }, ids);
}
