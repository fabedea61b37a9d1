// BPE as SentencePiece defines it: there are no merge rules, any two neighbours merge when their concatenation is a piece, the piece with the greatest
// score first, leftmost on ties. Characters outside the vocabulary become bytes, or the unknown token. Used by .model files, GGUF 'llama' vocabularies
// and llama2.c.
import { ByteTrie } from '../engine/byte-trie.ts';
import { encodeUtf8 } from '../unicode/utf8.ts';
import { byteToken } from './bpe.ts';
import { MergeQueue } from './merge-queue.ts';
import type { MergeStep, Model, ModelOptions, ModelToken } from './model.ts';

/** The kind of a SentencePiece piece. */
export type PieceKind = 'normal' | 'unknown' | 'control' | 'user-defined' | 'unused' | 'byte';

export interface ScorePiece {
  readonly text: string;
  readonly score: number;
  readonly kind: PieceKind;
}

export interface ScoreBpeOptions {
  readonly pieces: readonly ScorePiece[];
  readonly unkId?: number;
  readonly byteFallback: boolean;
  /** Join neighbouring unknown characters to one unknown token, as SentencePiece does. */
  readonly fuseUnk?: boolean;
  /** User-defined pieces are cut out first and never merge, as in SentencePiece files. */
  readonly freezeUserDefined?: boolean;
}

export class ScoreBpeModel implements Model {
  readonly options: ScoreBpeOptions;
  /** For each id its place in the order of merging, or -1 where it never merges. */
  readonly rankOf: Int32Array;
  private readonly ids = new Map<string, number>();
  private readonly byteIds: readonly (number | undefined)[];
  private readonly longest: number;
  private readonly queue = new MergeQueue();
  private readonly fixed: ByteTrie | undefined; // user-defined pieces by their UTF-16 units, to their length

  constructor(options: ScoreBpeOptions) {
    this.options = options;
    const { pieces } = options;
    const merging: number[] = [];
    let longest = 1;
    pieces.forEach(({ text, kind }, id) => {
      if (kind === 'normal' || kind === 'user-defined') {
        if (this.ids.has(text)) return;
        this.ids.set(text, id);
        merging.push(id);
        longest = Math.max(longest, text.length);
      }
    });
    this.longest = longest;
    const fixed = pieces.flatMap((p) => (p.kind === 'user-defined' && p.text !== '' ? [p.text] : []));
    if (options.freezeUserDefined && fixed.length > 0) {
      this.fixed = new ByteTrie();
      for (const text of fixed) this.fixed.insert(unitBytes(text), text.length);
    }
    this.rankOf = ranksByScore(pieces, merging);
    const bytes = new Map(pieces.map((p, id) => [p.text, id]));
    this.byteIds = Array.from({ length: 256 }, (_, b) =>
      options.byteFallback ? bytes.get(byteToken(b)) : undefined,
    );
  }

  get size(): number {
    return this.options.pieces.length;
  }

  tokenToId(token: string): number | undefined {
    const id = this.ids.get(token);
    if (id !== undefined) return id;
    const found = this.options.pieces.findIndex((p) => p.text === token);
    return found < 0 ? undefined : found;
  }

  idToToken(id: number): string | undefined {
    return this.options.pieces[id]?.text;
  }

  explain(piece: string): MergeStep[] {
    const steps: MergeStep[] = [];
    this.tokenize(piece, {}, (step) => steps.push(step));
    return steps;
  }

  tokenize(piece: string, options: ModelOptions = {}, onMerge?: (step: MergeStep) => void): ModelToken[] {
    const { parts: chars, frozen } = this.symbols(piece);
    const count = chars.length;
    const starts = new Int32Array(count + 1);
    for (let i = 0; i < count; i++) starts[i + 1] = starts[i] + chars[i].length;
    const next = Int32Array.from({ length: count }, (_, i) => i + 1);
    const previous = Int32Array.from({ length: count }, (_, i) => i - 1);
    const alive = new Uint8Array(count).fill(1);
    const { queue, ids, rankOf } = this;
    queue.clear();
    const idAt = (left: number, end: number): number => {
      if (starts[end] - starts[left] > this.longest) return -1;
      const id = ids.get(piece.slice(starts[left], starts[end]));
      return id === undefined || options.excluded?.has(id) ? -1 : id;
    };
    const offer = (left: number) => {
      const right = next[left];
      if (right >= count || frozen?.has(left) || frozen?.has(right)) return;
      const id = idAt(left, next[right]);
      if (id >= 0) queue.push(rankOf[id], left);
    };
    const { dropout = 0, uniform } = options;
    if (dropout > 0 && uniform === undefined)
      throw new TypeError('dropout: expected a `uniform` source of random numbers beside it');
    for (let i = 0; i + 1 < count; i++) offer(i);
    while (queue.size > 0) {
      const key = queue.pop();
      if (dropout > 0 && uniform!() < dropout) continue;
      const left = MergeQueue.positionOf(key);
      const right = next[left];
      if (alive[left] === 0 || right >= count) continue;
      const id = idAt(left, next[right]);
      if (id < 0 || rankOf[id] !== MergeQueue.rankOf(key)) continue;
      alive[right] = 0;
      const middle = starts[right];
      next[left] = next[right];
      onMerge?.({
        left: piece.slice(starts[left], middle),
        right: piece.slice(middle, starts[next[left]]),
        rank: rankOf[id],
        symbols: chars.flatMap((_, i) => (alive[i] ? [piece.slice(starts[i], starts[next[i]])] : [])),
      });
      if (next[right] < count) previous[next[right]] = left;
      if (previous[left] >= 0) offer(previous[left]);
      offer(left);
    }
    return this.emit(piece, starts, next, count);
  }

  /** Characters, and user-defined pieces as wholes, which do not merge. */
  private symbols(piece: string): { parts: string[]; frozen?: Set<number> } {
    if (this.fixed === undefined) return { parts: Array.from(piece) };
    const parts: string[] = [];
    const frozen = new Set<number>();
    for (let at = 0; at < piece.length; ) {
      const kept = longestUnits(this.fixed, piece, at);
      if (kept > 0) frozen.add(parts.length);
      const text = kept > 0 ? piece.slice(at, at + kept) : String.fromCodePoint(piece.codePointAt(at)!);
      parts.push(text);
      at += text.length;
    }
    return { parts, frozen };
  }

  private emit(piece: string, starts: Int32Array, next: Int32Array, count: number): ModelToken[] {
    const { unkId, fuseUnk } = this.options;
    const tokens: ModelToken[] = [];
    let at = 0;
    for (let i = 0; i < count; i = next[i]) {
      const text = piece.slice(starts[i], starts[next[i]]);
      const bytes = encodeUtf8(text);
      const id = this.ids.get(text);
      const end = at + bytes.length;
      if (id !== undefined) tokens.push({ id, start: at, end });
      else {
        const parts = Array.from(bytes, (b) => this.byteIds[b]);
        if (parts.every((p) => p !== undefined)) {
          for (const [k, part] of parts.entries()) tokens.push({ id: part, start: at + k, end: at + k + 1 });
        } else {
          if (unkId === undefined)
            throw new RangeError(
              `text: ${JSON.stringify(text)} is not in the vocabulary, which has no unknown token`,
            );
          const last = tokens.at(-1);
          if (fuseUnk && last !== undefined && last.id === unkId)
            tokens[tokens.length - 1] = { ...last, end };
          else tokens.push({ id: unkId, start: at, end });
        }
      }
      at = end;
    }
    return tokens;
  }

  /** tokenizer.json has no such model: the pieces are written as BPE with every pair that joins to a piece, in the order of scores. */
  config(): { type: string } & Record<string, unknown> {
    const { pieces, unkId, byteFallback, fuseUnk } = this.options;
    const merges: { rank: number; pair: [string, string] }[] = [];
    for (const [text, id] of this.ids) {
      const chars = Array.from(text);
      for (let i = 1; i < chars.length; i++) {
        const left = chars.slice(0, i).join('');
        const right = chars.slice(i).join('');
        if (this.ids.has(left) && this.ids.has(right))
          merges.push({ rank: this.rankOf[id], pair: [left, right] });
      }
    }
    merges.sort((a, b) => a.rank - b.rank);
    return {
      type: 'BPE',
      dropout: null,
      unk_token: unkId === undefined ? null : pieces[unkId].text,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: fuseUnk ?? false,
      byte_fallback: byteFallback,
      ignore_merges: false,
      vocab: Object.fromEntries(pieces.map((p, id) => [p.text, id])),
      merges: merges.map((m) => m.pair),
    };
  }
}

const unitBytes = (text: string): number[] =>
  Array.from({ length: text.length * 2 }, (_, i) => (text.charCodeAt(i >> 1) >> (i & 1 ? 8 : 0)) & 255);

/** UTF-16 units of the longest text of a trie that begins at `at`, or 0. */
function longestUnits(trie: ByteTrie, text: string, at: number): number {
  let found = 0;
  let node = 0;
  for (let i = at; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    node = trie.child(node, unit & 255);
    if (node >= 0) node = trie.child(node, unit >> 8);
    if (node < 0) break;
    if (trie.value(node) > 0) found = trie.value(node);
  }
  return found;
}

/** Equal scores share a rank, so that the leftmost of equals goes first. */
function ranksByScore(pieces: readonly ScorePiece[], ids: readonly number[]): Int32Array {
  const ranks = new Int32Array(pieces.length).fill(-1);
  const order = [...ids].sort((a, b) => pieces[b].score - pieces[a].score || a - b);
  let rank = -1;
  let score = Number.NaN;
  for (const id of order) {
    if (pieces[id].score !== score) {
      rank++;
      score = pieces[id].score;
    }
    ranks[id] = rank;
  }
  return ranks;
}
