// One merge of training: every place of a pair becomes one symbol, and the counts of the pairs beside it follow. A function of its own, called once a merge, so
// that engines compile it early.
import type { PairIndex } from './pair-index.ts';

/** All pieces behind one another. */
export interface LinkedPieces {
  /** Four numbers a symbol, which are used together: the symbol, the next and the previous one's place (-1 at the ends), and its piece. */
  readonly places: Int32Array;
  /** How often a piece occurs. */
  readonly times: Float64Array;
}

export class PairJoin {
  private readonly pieces: LinkedPieces;
  private readonly pairs: PairIndex;
  private readonly queue: { push(pair: number, count: number): void };
  private readonly lengths: readonly number[];
  private readonly longest: number;
  /** Pairs whose counts have risen. */
  private touched: Int32Array = new Int32Array(1 << 10);
  private round = 0;

  /** `lengths`: symbols of each token, which grows; pairs that would be longer than `longest` are not counted. */
  constructor(
    pieces: LinkedPieces,
    pairs: PairIndex,
    queue: { push(pair: number, count: number): void },
    lengths: readonly number[],
    longest: number,
  ) {
    this.pieces = pieces;
    this.pairs = pairs;
    this.queue = queue;
    this.lengths = lengths;
    this.longest = longest;
  }

  /** Joins a pair into the symbol `id` wherever it occurs. */
  apply(pair: number, id: number): void {
    const { pairs, lengths, longest } = this;
    const { places, times } = this.pieces;
    const a = pairs.leftOf(pair);
    const b = pairs.rightOf(pair);
    const length = lengths[id];
    const count = pairs.takePlaces(pair);
    const { placesTaken } = pairs;
    if (this.touched.length < count * 2) this.touched = new Int32Array(count * 4);
    const { touched } = this;
    const round = ++this.round;
    let rising = 0;
    for (let at = 0; at < count; at++) {
      const i = placesTaken[at];
      const j = places[i + 1];
      if (places[i] !== a || j < 0 || places[j] !== b) continue;
      const before = places[i + 2];
      const after = places[j + 1];
      const weight = times[places[i + 3]];
      if (before >= 0) {
        const symbol = places[before];
        pairs.change(pairs.id(symbol, a), -weight);
        if (lengths[symbol] + length <= longest) {
          const risen = pairs.id(symbol, id);
          pairs.occur(risen, before, weight);
          if (pairs.mark(risen, round)) touched[rising++] = risen;
        }
      }
      if (after >= 0) {
        const symbol = places[after];
        pairs.change(pairs.id(b, symbol), -weight);
        places[after + 2] = i;
        if (lengths[symbol] + length <= longest) {
          const risen = pairs.id(id, symbol);
          pairs.occur(risen, i, weight);
          if (pairs.mark(risen, round)) touched[rising++] = risen;
        }
      }
      places[i] = id;
      places[i + 1] = after;
      places[j] = -1;
    }
    pairs.clear(pair);
    for (let k = 0; k < rising; k++) {
      const risen = touched[k];
      const now = pairs.countOf(risen);
      if (now > 0) this.queue.push(risen, now);
    }
  }
}
