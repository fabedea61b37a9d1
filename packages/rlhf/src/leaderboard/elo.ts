// Online Elo (Elo 1978): one pass in vote order. Cheap and order-dependent; for a fixed set of votes prefer the Bradley-Terry fit, which it approximates.
import { checkOptions } from '../check-options.ts';
import { indexVotes, type Vote } from './vote.ts';

/** Options of {@link eloRatings}. */
export interface EloOptions {
  /** Step size; default 4, as FastChat. */
  readonly k?: number;
  /** Points that make odds of `base`; default 400. */
  readonly scale?: number;
  /** Default 10. */
  readonly base?: number;
  /** Rating of a model before its first vote; default 1000. */
  readonly initial?: number;
}

/** R_a += k (s - E), R_b -= k (s - E), E = 1 / (1 + base^((R_b - R_a)/scale)), votes in order; s = 1, 0 or 1/2. Throws a `RangeError` when k or scale is not > 0, or base not > 1. */
export function eloRatings(votes: readonly Vote[], options: EloOptions = {}): Map<string, number> {
  checkOptions(options, ['k', 'scale', 'base', 'initial'], 'eloRatings');
  const { k = 4, scale = 400, base = 10, initial = 1000 } = options;
  const positive = { k, scale, 'base - 1': base - 1 };
  for (const [name, value] of Object.entries(positive))
    if (!(value > 0 && value < Number.POSITIVE_INFINITY))
      throw new RangeError(`${name}: expected a positive number, got ${value}`);
  if (!Number.isFinite(initial)) throw new RangeError(`initial: expected a number, got ${initial}`);
  const { models, a, b, score } = indexVotes(votes);
  const ratings = new Float64Array(models.length).fill(initial);
  for (let i = 0; i < score.length; i++) {
    const expected = 1 / (1 + base ** ((ratings[b[i]] - ratings[a[i]]) / scale));
    const change = k * (score[i] - expected);
    ratings[a[i]] += change;
    ratings[b[i]] -= change;
  }
  return new Map(models.map((m, i) => [m, ratings[i]]));
}
