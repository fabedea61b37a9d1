// Byte-pair encoding over the characters of a piece (Sennrich et al. 2016), with the variants of Hugging Face tokenizers: prefixes of continuing
// subwords, end-of-word suffix, byte fallback, unknown tokens (fused or not), whole-word look-up, dropout (Provilkov et al. 2020). Long pieces
// cost n log n: candidates wait in a heap, symbols in a linked list. Pieces of byte-level vocabularies take the faster engine instead, see fast-path.ts.
import { encodeUtf8, utf8ByteLength, utf8Length } from '../unicode/utf8.ts';
import { MergeQueue } from './merge-queue.ts';
import type { MergeStep, Model, ModelConfig, ModelOptions, ModelToken } from './model.ts';
import type { PairTable } from './pair-table.ts';
import type { Vocabulary } from './vocabulary.ts';

export interface BpeOptions {
  readonly vocabulary: Vocabulary;
  readonly merges: PairTable;
  readonly dropout?: number | null;
  readonly unkToken?: string | null;
  readonly continuingSubwordPrefix?: string | null;
  readonly endOfWordSuffix?: string | null;
  readonly fuseUnk?: boolean;
  readonly byteFallback?: boolean;
  readonly ignoreMerges?: boolean;
}

export class BpeModel implements Model {
  readonly options: BpeOptions;
  private readonly vocabulary: Vocabulary;
  private readonly merges: PairTable;
  private readonly unkId: number | undefined;
  private readonly byteIds: readonly (number | undefined)[] | undefined;
  private readonly queue = new MergeQueue();

  constructor(options: BpeOptions) {
    this.options = options;
    this.vocabulary = options.vocabulary;
    this.merges = options.merges;
    if (options.unkToken != null) {
      this.unkId = options.vocabulary.id(options.unkToken);
    }
    if (options.byteFallback) {
      this.byteIds = Array.from({ length: 256 }, (_, b) => options.vocabulary.id(byteToken(b)));
    }
    if (options.dropout != null && !(options.dropout >= 0 && options.dropout <= 1)) {
      throw new RangeError(`dropout: expected 0 <= p <= 1, got ${options.dropout}`);
    }
  }

  get size(): number {
    return this.vocabulary.size;
  }

  get limit(): number {
    return this.vocabulary.limit;
  }

  tokenToId(token: string): number | undefined {
    return this.vocabulary.id(token);
  }

  idToToken(id: number): string | undefined {
    return this.vocabulary.token(id);
  }

  tokenize(piece: string, options: ModelOptions = {}): ModelToken[] {
    if (piece === '') return [];
    const dropout = options.dropout ?? this.options.dropout ?? 0;
    if (dropout > 0 && options.uniform === undefined) {
      throw new TypeError('dropout: expected a `uniform` source of random numbers beside it');
    }
    if (this.options.ignoreMerges && dropout === 0) {
      const id = this.vocabulary.id(piece);
      if (id !== undefined && !options.excluded?.has(id)) {
        return [{ id, start: 0, end: utf8ByteLength(piece) }];
      }
    }
    const symbols = this.symbols(piece);
    this.merge(symbols, dropout, options.uniform);
    const tokens: ModelToken[] = [];
    let at = 0;
    for (let i = 0; i < symbols.ids.length; i++) {
      if (symbols.lengths[i] === 0) continue;
      tokens.push({ id: symbols.ids[i], start: at, end: at + symbols.lengths[i] });
      at += symbols.lengths[i];
    }
    return tokens;
  }

  /** The initial symbols: one a character, or one a byte of an unknown one, or the unknown token. */
  symbols(piece: string): Symbols {
    const { continuingSubwordPrefix, endOfWordSuffix, fuseUnk } = this.options;
    const ids: number[] = [];
    const lengths: number[] = [];
    let unkLength = 0;
    const flush = () => {
      if (unkLength > 0) {
        ids.push(this.unkId!);
        lengths.push(unkLength);
        unkLength = 0;
      }
    };
    for (let i = 0; i < piece.length; ) {
      const codePoint = piece.codePointAt(i)!;
      const next = i + (codePoint > 0xffff ? 2 : 1);
      let text = piece.slice(i, next);
      if (continuingSubwordPrefix && i > 0) text = continuingSubwordPrefix + text;
      if (endOfWordSuffix && next === piece.length) text += endOfWordSuffix;
      const bytes = utf8Length(codePoint);
      const id = this.vocabulary.id(text);
      if (id !== undefined) {
        flush();
        ids.push(id);
        lengths.push(bytes);
      } else if (this.pushBytes(text, ids, lengths)) {
        // Byte fallback: an unknown token that waits stays behind, as in the reference.
      } else if (this.options.unkToken != null) {
        if (this.unkId === undefined)
          throw new RangeError(`unk_token: ${this.options.unkToken} is not in the vocabulary`);
        if (!fuseUnk) flush();
        unkLength += bytes;
      }
      i = next;
    }
    flush();
    return { ids, lengths };
  }

  private pushBytes(text: string, ids: number[], lengths: number[]): boolean {
    if (this.byteIds === undefined) return false;
    const found: number[] = [];
    for (const byte of encodeUtf8(text)) {
      const id = this.byteIds[byte];
      if (id === undefined) return false;
      found.push(id);
    }
    for (const id of found) {
      ids.push(id);
      lengths.push(1);
    }
    return true;
  }

  /** Merges in place: a symbol that was merged into its left neighbour gets the length 0. `onMerge` is told of every merge. */
  merge(
    { ids, lengths }: Symbols,
    dropout = 0,
    uniform?: () => number,
    onMerge?: (position: number, rank: number, id: number) => void,
  ): void {
    const count = ids.length;
    const { merges, queue } = this;
    queue.clear();
    const next = new Int32Array(count);
    const previous = new Int32Array(count);
    const offer = (left: number, right: number) => {
      const rule = merges.lookUp(ids[left], ids[right]);
      if (rule >= 0) queue.push(merges.rankAt(rule), left);
    };
    for (let i = 0; i < count; i++) {
      next[i] = i + 1;
      previous[i] = i - 1;
      if (i + 1 < count) offer(i, i + 1);
    }
    let skipped: number[] = [];
    while (queue.size > 0) {
      const key = queue.pop();
      if (dropout > 0 && uniform!() < dropout) {
        skipped.push(key);
        continue;
      }
      for (const again of skipped) queue.push(MergeQueue.rankOf(again), MergeQueue.positionOf(again));
      skipped = [];
      const rank = MergeQueue.rankOf(key);
      const left = MergeQueue.positionOf(key);
      const right = next[left];
      if (lengths[left] === 0 || right >= count) continue;
      const rule = merges.lookUp(ids[left], ids[right]);
      if (rule < 0 || merges.rankAt(rule) !== rank) continue;
      ids[left] = merges.idAt(rule);
      lengths[left] += lengths[right];
      lengths[right] = 0;
      next[left] = next[right];
      if (next[right] < count) previous[next[right]] = left;
      onMerge?.(left, rank, ids[left]);
      if (previous[left] >= 0) offer(previous[left], left);
      if (next[left] < count) offer(left, next[left]);
    }
  }

  explain(piece: string): MergeStep[] {
    if (this.options.ignoreMerges && this.vocabulary.id(piece) !== undefined) return [];
    const symbols = this.symbols(piece);
    const text = (id: number) => this.vocabulary.token(id) ?? '';
    const steps: MergeStep[] = [];
    const rules = this.merges.entries();
    this.merge(symbols, 0, undefined, (_, rank) => {
      const rule = rules.find((r) => r.rank === rank);
      const alive = symbols.ids.filter((_id, i) => symbols.lengths[i] > 0);
      steps.push({
        left: text(rule?.left ?? -1),
        right: text(rule?.right ?? -1),
        rank,
        symbols: alive.map(text),
      });
    });
    return steps;
  }

  config(): ModelConfig {
    const o = this.options;
    return {
      type: 'BPE',
      dropout: o.dropout ?? null,
      unk_token: o.unkToken ?? null,
      continuing_subword_prefix: o.continuingSubwordPrefix ?? null,
      end_of_word_suffix: o.endOfWordSuffix ?? null,
      fuse_unk: o.fuseUnk ?? false,
      byte_fallback: o.byteFallback ?? false,
      ignore_merges: o.ignoreMerges ?? false,
      vocab: this.vocabulary.toRecord(),
      merges: this.merges
        .entries()
        .map(({ left, right }) => [this.vocabulary.token(left), this.vocabulary.token(right)]),
    };
  }
}

/** Symbols of a piece under merging: ids and the bytes each covers. */
export interface Symbols {
  readonly ids: number[];
  readonly lengths: number[];
}

/** The token that stands for a byte in vocabularies with byte fallback. */
export const byteToken = (byte: number): string => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
