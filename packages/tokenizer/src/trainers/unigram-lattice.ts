// All segmentations of a piece into tokens of a unigram vocabulary: best one, sum over all, expected counts. Positions are bytes.
import { ByteTrie } from '../engine/byte-trie.ts';
import { encodeUtf8 } from '../unicode/utf8.ts';

/** A vocabulary under training; entry 0 is the unknown character. */
export class UnigramLattice {
  private readonly trie = new ByteTrie();
  private readonly scores: Float64Array;
  private readonly unknown: number;
  // Edges of the last piece: from, to, id, grouped by where they begin.
  private from = new Int32Array(1 << 10);
  private to = new Int32Array(1 << 10);
  private id = new Int32Array(1 << 10);
  private edges = 0;
  private alpha = new Float64Array(64);
  private beta = new Float64Array(64);

  constructor(texts: readonly string[], scores: Float64Array) {
    this.scores = scores;
    let least = Number.POSITIVE_INFINITY;
    for (let id = 1; id < texts.length; id++) {
      this.trie.insert(encodeUtf8(texts[id]), id);
      least = Math.min(least, scores[id]);
    }
    this.unknown = least - 10;
  }

  /** Adds `times` x the expected number of every token to `expected`; returns `times` x the log-likelihood of the piece. */
  addExpected(bytes: Uint8Array, times: number, expected: Float64Array): number {
    this.build(bytes, -1);
    const { from, to, id, edges } = this;
    const length = bytes.length;
    const [alpha, beta] = this.rows(length);
    alpha[0] = 0;
    beta[length] = 0;
    for (let e = 0; e < edges; e++)
      alpha[to[e]] = logSumExp(alpha[to[e]], alpha[from[e]] + this.score(id[e]));
    for (let e = edges - 1; e >= 0; e--)
      beta[from[e]] = logSumExp(beta[from[e]], beta[to[e]] + this.score(id[e]));
    const all = alpha[length];
    for (let e = 0; e < edges; e++)
      expected[id[e]] += times * Math.exp(alpha[from[e]] + this.score(id[e]) + beta[to[e]] - all);
    return times * all;
  }

  /** Ids and score of the best segmentation, or undefined when there is none; `without` is a token that may not be used. */
  best(bytes: Uint8Array, without = -1): { ids: number[]; score: number } | undefined {
    this.build(bytes, without);
    const { from, to, id, edges } = this;
    const length = bytes.length;
    const [best] = this.rows(length);
    const by = new Int32Array(length + 1).fill(-1);
    best[0] = 0;
    for (let e = 0; e < edges; e++) {
      const score = best[from[e]] + this.score(id[e]);
      if (score > best[to[e]]) {
        best[to[e]] = score;
        by[to[e]] = e;
      }
    }
    if (length > 0 && by[length] < 0) return undefined;
    const ids: number[] = [];
    for (let at = length; at > 0; at = from[by[at]]) ids.push(id[by[at]]);
    return { ids: ids.reverse(), score: best[length] };
  }

  private score(id: number): number {
    return id === 0 ? this.unknown : this.scores[id];
  }

  private rows(length: number): [Float64Array, Float64Array] {
    if (length + 1 > this.alpha.length) {
      this.alpha = new Float64Array(length * 2 + 2);
      this.beta = new Float64Array(length * 2 + 2);
    }
    this.alpha.fill(Number.NEGATIVE_INFINITY, 0, length + 1);
    this.beta.fill(Number.NEGATIVE_INFINITY, 0, length + 1);
    return [this.alpha, this.beta];
  }

  private build(bytes: Uint8Array, without: number): void {
    this.edges = 0;
    for (let start = 0; start < bytes.length; ) {
      const b = bytes[start];
      const width = b < 0x80 ? 1 : b < 0xe0 ? 2 : b < 0xf0 ? 3 : 4;
      let single = false;
      let node = 0;
      for (let end = start; end < bytes.length; ) {
        node = this.trie.child(node, bytes[end++]);
        if (node < 0) break;
        const id = this.trie.value(node);
        if (id < 0) continue;
        if (end - start === width) single = true;
        if (id !== without) this.push(start, end, id);
      }
      if (!single) this.push(start, start + width, 0);
      start += width;
    }
  }

  private push(from: number, to: number, id: number): void {
    if (this.edges === this.from.length) {
      for (const key of ['from', 'to', 'id'] as const) {
        const wider = new Int32Array(this.edges * 2);
        wider.set(this[key]);
        this[key] = wider;
      }
    }
    this.from[this.edges] = from;
    this.to[this.edges] = to;
    this.id[this.edges++] = id;
  }
}

function logSumExp(a: number, b: number): number {
  if (a === Number.NEGATIVE_INFINITY) return b;
  if (b === Number.NEGATIVE_INFINITY) return a;
  const high = Math.max(a, b);
  return high + Math.log1p(Math.exp(Math.min(a, b) - high));
}
