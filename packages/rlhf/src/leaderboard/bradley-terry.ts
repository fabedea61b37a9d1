// Bradley-Terry strengths by maximum likelihood (Zermelo 1929, Bradley and Terry 1952): P(a beats b) = sigma(theta_a - theta_b), a tie is half a win each.
// Newton's method on the concave likelihood; softplus keeps it finite for any difference. Errors: of the model (inverse Hessian) and the sandwich
// (Huber 1967), right also when votes are not Bernoulli, as with ties. All strengths have mean 0.
import { checkOptions } from '../check-options.ts';
import { invert, multiply, product } from '../numerics/solve.ts';
import { checkConnected } from './connected.ts';
import { type IndexedVotes, indexVotes, pointsPerStrength, ratingsOf, type Vote } from './vote.ts';

/** Options of {@link bradleyTerryRatings}. */
export interface BradleyTerryRatingOptions {
  /** Weight of 1/2 |theta|^2 added to the negative log-likelihood; default 0: votes must then connect all models. */
  readonly ridge?: number;
}

/** A fit of the Bradley-Terry model; ratings are 1000 + 400/ln 10 theta, errors in the same points. */
export interface BradleyTerryFit {
  readonly models: readonly string[];
  /** theta, mean 0, in the order of `models`. */
  readonly strengths: readonly number[];
  readonly ratings: ReadonlyMap<string, number>;
  readonly standardErrors: ReadonlyMap<string, number>;
  readonly sandwichErrors: ReadonlyMap<string, number>;
  readonly negativeLogLikelihood: number;
}

/**
 * The maximum-likelihood ratings of votes.
 *
 * Throws a `DisconnectedVotesError` when they have none (and no ridge is given).
 *
 * @example
 * ```ts
 * import { bradleyTerryRatings } from '@ashlar/rlhf';
 * const votes = [
 *   { modelA: 'x', modelB: 'y', winner: 'a' },
 *   { modelA: 'x', modelB: 'y', winner: 'a' },
 *   { modelA: 'x', modelB: 'y', winner: 'b' },
 * ] as const;
 * const { ratings } = bradleyTerryRatings(votes);
 * (ratings.get('x')! - ratings.get('y')!).toFixed(2) // => '120.41'
 * ```
 */
export function bradleyTerryRatings(
  votes: readonly Vote[],
  options: BradleyTerryRatingOptions = {},
): BradleyTerryFit {
  checkOptions(options, ['ridge'], 'bradleyTerryRatings');
  const { ridge = 0 } = options;
  if (!(ridge >= 0)) throw new RangeError(`ridge: expected >= 0, got ${ridge}`);
  const indexed = indexVotes(votes);
  if (ridge === 0) checkConnected(indexed);
  const strengths = fitStrengths(indexed, ridge);
  const { hessian, scatter, loss } = derivatives(indexed, strengths, ridge);
  const covariance = centredInverse(hessian);
  const sandwich = product(product(covariance, scatter), covariance);
  const errors = (matrix: number[][]): Map<string, number> =>
    new Map(indexed.models.map((m, i) => [m, pointsPerStrength * Math.sqrt(Math.max(0, matrix[i][i]))]));
  return {
    models: indexed.models,
    strengths,
    ratings: ratingsOf(indexed.models, strengths),
    standardErrors: errors(covariance),
    sandwichErrors: errors(sandwich),
    negativeLogLikelihood: loss,
  };
}

/** Strengths with mean 0 that maximise the likelihood, by damped Newton steps; `start` speeds up refits. */
export function fitStrengths(votes: IndexedVotes, ridge = 0, start?: readonly number[]): number[] {
  let theta = start === undefined ? new Array<number>(votes.models.length).fill(0) : [...start];
  let here = derivatives(votes, theta, ridge);
  for (let i = 0; i < 100; i++) {
    const step = multiply(centredInverse(here.hessian), here.gradient);
    const decrease = step.reduce((sum, s, j) => sum + s * here.gradient[j], 0);
    if (decrease < 1e-18) break;
    let scale = 1;
    let next = here;
    let at = theta;
    for (; scale > 1e-10; scale /= 2) {
      at = theta.map((t, j) => t - scale * step[j]);
      next = derivatives(votes, at, ridge);
      if (next.loss <= here.loss - 1e-4 * scale * decrease || scale * decrease < 1e-12) break;
    }
    theta = at;
    here = next;
  }
  const mean = theta.reduce((a, t) => a + t, 0) / theta.length;
  return theta.map((t) => t - mean);
}

interface Derivatives {
  readonly loss: number;
  readonly gradient: number[];
  readonly hessian: number[][];
  /** Sum of the outer products of the votes' scores: the meat of the sandwich. */
  readonly scatter: number[][];
}

function derivatives(
  { models, a, b, score }: IndexedVotes,
  theta: readonly number[],
  ridge: number,
): Derivatives {
  const n = models.length;
  const zeros = (): number[][] => models.map(() => new Array<number>(n).fill(0));
  const [hessian, scatter] = [zeros(), zeros()];
  const gradient = theta.map((t) => ridge * t);
  let loss = theta.reduce((sum, t) => sum + 0.5 * ridge * t * t, 0);
  for (let i = 0; i < score.length; i++) {
    const d = theta[a[i]] - theta[b[i]];
    const p = 1 / (1 + Math.exp(-d));
    loss += Math.max(d, 0) + Math.log1p(Math.exp(-Math.abs(d))) - score[i] * d;
    gradient[a[i]] += p - score[i];
    gradient[b[i]] -= p - score[i];
    addPair(hessian, a[i], b[i], p * (1 - p));
    addPair(scatter, a[i], b[i], (score[i] - p) ** 2);
  }
  for (let i = 0; i < n; i++) hessian[i][i] += ridge;
  return { loss, gradient, hessian, scatter };
}

function addPair(matrix: number[][], a: number, b: number, weight: number): void {
  matrix[a][a] += weight;
  matrix[b][b] += weight;
  matrix[a][b] -= weight;
  matrix[b][a] -= weight;
}

/** The inverse on vectors of mean 0 (strengths are only defined up to a constant): (H + 11'/n)^-1 - 11'/n. */
export function centredInverse(hessian: readonly (readonly number[])[]): number[][] {
  const n = hessian.length;
  return invert(hessian.map((row) => row.map((v) => v + 1 / n))).map((row) => row.map((v) => v - 1 / n));
}
