// One merge of training: every place of a pair becomes one symbol, and the counts of the pairs beside it follow. A function of its own, called once a merge, so
// that engines compile it early.
import type { PairHeap } from './pair-heap.ts';
import type { PairIndex } from './pair-index.ts';

/** All pieces behind one another: symbol, neighbours (-1 at the ends) and the piece's count at each place. */
export interface LinkedPieces {
  readonly symbols: Int32Array;
  readonly next: Int32Array;
  readonly previous: Int32Array;
  readonly times: Float64Array;
}

export class PairJoin {
  private readonly pieces: LinkedPieces;
  private readonly pairs: PairIndex;
  private readonly heap: PairHeap;
  private readonly lengths: readonly number[];
  private readonly longest: number;
  /** Pairs whose counts have risen, some more than once, and for each pair the merge that last put it on the heap. */
  private touched: Int32Array = new Int32Array(1 << 10);
  private pushed: Int32Array = new Int32Array(1 << 12);
  private round = 0;

  /** `lengths`: symbols of each token, which grows; pairs that would be longer than `longest` are not counted. */
  constructor(
    pieces: LinkedPieces,
    pairs: PairIndex,
    heap: PairHeap,
    lengths: readonly number[],
    longest: number,
  ) {
    this.pieces = pieces;
    this.pairs = pairs;
    this.heap = heap;
    this.lengths = lengths;
    this.longest = longest;
  }

  /** Joins a pair into the symbol `id` wherever it occurs. */
  apply(pair: number, id: number): void {
    const { pairs, lengths, longest } = this;
    const { symbols, next, previous, times } = this.pieces;
    const a = pairs.left[pair];
    const b = pairs.right[pair];
    const length = lengths[id];
    const count = pairs.takePlaces(pair);
    const { placesTaken } = pairs;
    if (this.touched.length < count * 2) this.touched = new Int32Array(count * 4);
    const { touched } = this;
    let rising = 0;
    for (let at = 0; at < count; at++) {
      const i = placesTaken[at];
      const j = next[i];
      if (symbols[i] !== a || j < 0 || symbols[j] !== b) continue;
      const before = previous[i];
      const after = next[j];
      const weight = times[i];
      if (before >= 0) {
        const symbol = symbols[before];
        pairs.counts[pairs.id(symbol, a)] -= weight;
        if (lengths[symbol] + length <= longest) touched[rising++] = pairs.add(symbol, id, before, weight);
      }
      if (after >= 0) {
        const symbol = symbols[after];
        pairs.counts[pairs.id(b, symbol)] -= weight;
        previous[after] = i;
        if (lengths[symbol] + length <= longest) touched[rising++] = pairs.add(id, symbol, i, weight);
      }
      symbols[i] = id;
      next[i] = after;
      symbols[j] = -1;
    }
    pairs.counts[pair] = 0;
    this.push(rising);
  }

  private push(rising: number): void {
    const { pairs, touched, heap } = this;
    const round = ++this.round;
    if (this.pushed.length < pairs.size) {
      const wider = new Int32Array(pairs.size * 2);
      wider.set(this.pushed);
      this.pushed = wider;
    }
    for (let k = 0; k < rising; k++) {
      const pair = touched[k];
      if (this.pushed[pair] === round) continue;
      this.pushed[pair] = round;
      if (pairs.counts[pair] > 0) heap.push(pair, pairs.counts[pair]);
    }
  }
}
