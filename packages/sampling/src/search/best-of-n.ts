// Best of n (Cobbe et al. 2021, arXiv 2110.14168; Lightman et al. 2023, 2305.20050): draw n texts, keep the one a
// scorer likes best, or the answer with the largest summed score. Choosing the maximum moves the law by at most ln n -
// (n - 1) / n nats.
import { checkInteger, checkKnown } from '../check.ts';

/** Options of {@link bestOfN}. */
export interface BestOfNOptions<T> {
  /** How many to draw, >= 1. */
  readonly n: number;
  /** How good a candidate is; larger is better. For `answer` it must be >= 0. */
  readonly score: (candidate: T) => number | Promise<number>;
  /** Weighted vote: candidates with the same answer add their scores. Default: the single best candidate. */
  readonly answer?: (candidate: T) => string;
  /** How many candidates are generated at a time; default 1. */
  readonly concurrency?: number;
  /** Ends the search with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** The winner and the field. */
export interface BestOfN<T> {
  /** The candidate with the highest score, of the winning answer if there is a vote; the lowest lane among equals. */
  readonly best: T;
  /** All candidates by lane, with their scores. */
  readonly candidates: readonly { readonly candidate: T; readonly score: number }[];
  /** ln n - (n - 1) / n: the bound on KL(best of n || one draw), in nats. */
  readonly klBound: number;
}

/**
 * `argmax score` over n candidates `generate(lane)`, lane = 0 .. n - 1.
 *
 * @throws RangeError when n < 1, a score is NaN, or a vote has a negative score.
 * @example
 * ```ts
 * import { bestOfN } from '@ashlar/sampling';
 * const { best } = await bestOfN((lane) => 'a'.repeat(lane), { n: 4, score: (text) => text.length });
 * best // => 'aaa'
 * ```
 */
export async function bestOfN<T>(
  generate: (lane: number, signal?: AbortSignal) => T | Promise<T>,
  options: BestOfNOptions<T>,
): Promise<BestOfN<T>> {
  checkKnown('bestOfN', options, ['n', 'score', 'answer', 'concurrency', 'signal']);
  const n = checkInteger('n', options.n, 1);
  const concurrency = checkInteger('concurrency', options.concurrency ?? 1, 1);
  const candidates: { candidate: T; score: number }[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < n) {
      options.signal?.throwIfAborted();
      const lane = next++;
      const candidate = await generate(lane, options.signal);
      const score = await options.score(candidate);
      if (Number.isNaN(score) || (options.answer !== undefined && score < 0))
        throw new RangeError(`score: expected a number${options.answer ? ' >= 0' : ''}, got ${score}`);
      candidates[lane] = { candidate, score };
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, n) }, worker));
  let field = candidates;
  if (options.answer !== undefined) {
    const { answer } = options;
    const sums = new Map<string, number>();
    for (const { candidate, score } of candidates) {
      const key = answer(candidate);
      sums.set(key, (sums.get(key) ?? 0) + score);
    }
    const [winner] = [...sums].reduce((a, b) => (b[1] > a[1] ? b : a));
    field = candidates.filter(({ candidate }) => answer(candidate) === winner);
  }
  const best = field.reduce((a, b) => (b.score > a.score ? b : a)).candidate;
  return { best, candidates, klBound: Math.log(n) - (n - 1) / n };
}
