// The vocabulary as a trie of bytes in preorder: node i has a byte, a depth and the index behind its subtree, so a walk
// is one loop that either goes on or jumps. Built once for a tokenizer and kept as bytes if wanted.

/** What a tokenizer tells: each id's bytes, and which ids end a text. */
export interface VocabularySource {
  readonly vocabSize: number;
  /** The bytes of an id; undefined for one that stands for no text. */
  tokenBytes(id: number): Uint8Array | undefined;
  readonly eosTokenIds: readonly number[];
  /** Ids that are never text, whatever their bytes. */
  readonly specialIds?: ReadonlySet<number> | readonly number[];
}

/** A vocabulary made ready: arrays over the trie's nodes in preorder (node 0 is the empty text). */
export interface Vocabulary {
  readonly vocabSize: number;
  readonly eosTokenIds: readonly number[];
  /** The byte that leads to each node. */
  readonly bytes: Uint8Array;
  /** The length of each node's text. */
  readonly depths: Uint16Array;
  /** The first node behind each node's subtree. */
  readonly skips: Int32Array;
  /** Where each node's tokens begin in `tokens`; one entry more than nodes. */
  readonly firsts: Int32Array;
  /** Token ids, by node. */
  readonly tokens: Int32Array;
  /** The bytes of a token, as text to step through; undefined for ids without. */
  tokenBytes(id: number): Uint8Array | undefined;
  /** The vocabulary as bytes, for `loadVocabulary`. */
  save(): Uint8Array;
}

/** Builds the trie: about a microsecond a token. */
export function prepareVocabulary(source: VocabularySource): Vocabulary {
  const { vocabSize } = source;
  if (!Number.isInteger(vocabSize) || vocabSize < 1)
    throw new RangeError(`vocabSize: expected a positive integer, got ${vocabSize}`);
  const special = new Set(source.specialIds ?? []);
  const eos = [...source.eosTokenIds];
  for (const id of eos) special.add(id);
  const texts: Uint8Array[] = [];
  const ids: number[] = [];
  for (let id = 0; id < vocabSize; id++) {
    if (special.has(id)) continue;
    const bytes = source.tokenBytes(id);
    if (bytes === undefined || bytes.length === 0 || bytes.length > 65_535) continue;
    texts.push(bytes);
    ids.push(id);
  }
  return fromTexts(vocabSize, eos, texts, ids);
}

function fromTexts(
  vocabSize: number,
  eos: readonly number[],
  texts: readonly Uint8Array[],
  ids: readonly number[],
): Vocabulary {
  // Sorting by latin-1 strings is sorting by bytes, at the engine's speed.
  const chunk = texts.map((bytes) => String.fromCharCode(...bytes));
  const order = ids.map((_, i) => i).sort((a, b) => (chunk[a] < chunk[b] ? -1 : chunk[a] > chunk[b] ? 1 : 0));
  let nodes = 1;
  const total = texts.reduce((sum, t) => sum + t.length, 1);
  const bytes = new Uint8Array(total);
  const depths = new Uint16Array(total);
  const skips = new Int32Array(total);
  const firsts = new Int32Array(total + 1);
  const tokens = new Int32Array(ids.length);
  const path: number[] = [0];
  let before = '';
  let placed = 0;
  for (const i of order) {
    const text = chunk[i];
    let common = 0;
    while (
      common < before.length &&
      common < text.length &&
      before.charCodeAt(common) === text.charCodeAt(common)
    )
      common++;
    for (let depth = before.length; depth > common; depth--) skips[path[depth]] = nodes;
    for (let depth = common + 1; depth <= text.length; depth++) {
      bytes[nodes] = text.charCodeAt(depth - 1);
      depths[nodes] = depth;
      firsts[nodes] = placed;
      path[depth] = nodes++;
    }
    path.length = text.length + 1;
    tokens[placed++] = ids[i];
    before = text;
  }
  for (let depth = before.length; depth >= 0; depth--) skips[path[depth]] = nodes;
  firsts[nodes] = placed;
  const byId = new Map<number, Uint8Array>();
  ids.forEach((id, i) => {
    byId.set(id, texts[i]);
  });
  return {
    vocabSize,
    eosTokenIds: eos,
    bytes: bytes.slice(0, nodes),
    depths: depths.slice(0, nodes),
    skips: skips.slice(0, nodes),
    firsts: firsts.slice(0, nodes + 1),
    tokens,
    tokenBytes: (id) => byId.get(id),
    save() {
      const header = new Int32Array([
        vocabSize,
        eos.length,
        ids.length,
        ...eos,
        ...ids,
        ...texts.map((t) => t.length),
      ]);
      const out = new Uint8Array(header.byteLength + total - 1);
      out.set(new Uint8Array(header.buffer));
      let at = header.byteLength;
      for (const text of texts) {
        out.set(text, at);
        at += text.length;
      }
      return out;
    },
  };
}

/** The vocabulary that `save` gave. */
export function loadVocabulary(saved: Uint8Array): Vocabulary {
  const copy = saved.slice();
  const words = new Int32Array(copy.buffer, 0, copy.byteLength >> 2);
  const [vocabSize, eosCount, count] = words;
  const eos = [...words.subarray(3, 3 + eosCount)];
  const ids = [...words.subarray(3 + eosCount, 3 + eosCount + count)];
  let at = 4 * (3 + eosCount + 2 * count);
  const texts = ids.map((_, i) => {
    const length = words[3 + eosCount + count + i];
    const text = copy.subarray(at, at + length);
    at += length;
    return text;
  });
  return fromTexts(vocabSize, eos, texts, ids);
}
