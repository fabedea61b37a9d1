// Davidson 1970: Bradley-Terry with a probability of ties, P(tie) proportional to nu sqrt(pi_a pi_b), fitted to wins, losses and ties together. With nu free, ties
// inform the strengths less than as half wins.
import { minimize } from '../numerics/lbfgs.ts';
import { invert, product } from '../numerics/solve.ts';
import { checkConnected } from './connected.ts';
import { type IndexedVotes, indexVotes, pointsPerStrength, ratingsOf, type Vote } from './vote.ts';

/** A fit of Davidson's model. */
export interface DavidsonFit {
  readonly models: readonly string[];
  readonly strengths: readonly number[];
  readonly ratings: ReadonlyMap<string, number>;
  /** Of the ratings, in points: the model's (inverse Hessian) and the sandwich's, right also where votes do not follow the model. */
  readonly standardErrors: ReadonlyMap<string, number>;
  /** See `standardErrors`. */
  readonly sandwichErrors: ReadonlyMap<string, number>;
  /** nu: equals tie with probability nu / (2 + nu). */
  readonly tieParameter: number;
  readonly negativeLogLikelihood: number;
}

/**
 * Maximum-likelihood strengths (mean 0) and tie parameter of votes; without a tie nu is 0.
 *
 * Throws a `DisconnectedVotesError` when the strengths have no maximum, a `RangeError` when all votes are ties: nu has none then.
 */
export function davidsonRatings(votes: readonly Vote[]): DavidsonFit {
  const indexed = indexVotes(votes);
  checkConnected(indexed);
  const { models, a, b, score } = indexed;
  const n = models.length;
  const hasTies = score.includes(0.5);
  if (score.every((s) => s === 0.5))
    throw new RangeError('votes: expected at least one that is no tie, got ties only');
  const objective = (x: readonly number[]): { value: number; gradient: number[] } => {
    const gradient = new Array<number>(n + 1).fill(0);
    let value = 0;
    const logNu = hasTies ? x[n] : Number.NEGATIVE_INFINITY;
    for (let i = 0; i < score.length; i++) {
      const [ta, tb] = [x[a[i]], x[b[i]]];
      const tie = (ta + tb) / 2 + logNu;
      const top = Math.max(ta, tb, tie);
      const [ea, eb, et] = [Math.exp(ta - top), Math.exp(tb - top), Math.exp(tie - top)];
      const z = ea + eb + et;
      const s = score[i];
      const isTie = s === 0.5;
      value += top + Math.log(z) - (isTie ? tie : s === 1 ? ta : tb);
      gradient[a[i]] += (ea + et / 2) / z - s;
      gradient[b[i]] += (eb + et / 2) / z - (1 - s);
      gradient[n] += et / z - (isTie ? 1 : 0);
    }
    if (!hasTies) gradient[n] = 0;
    // The strengths' common constant is free; a weak pull to mean 0 fixes it without changing the differences.
    const mean = x.slice(0, n).reduce((p, q) => p + q, 0) / n;
    for (let i = 0; i < n; i++) gradient[i] += mean;
    return { value: value + 0.5 * n * mean * mean, gradient };
  };
  const found = minimize(objective, new Array<number>(n + 1).fill(0), {
    gradientTolerance: 1e-8,
    maxIterations: 2000,
  });
  const mean = found.x.slice(0, n).reduce((p, q) => p + q, 0) / n;
  const strengths = found.x.slice(0, n).map((t) => t - mean);
  const { covariance, sandwich } = covariances(indexed, strengths, hasTies ? found.x[n] : undefined);
  const errors = (matrix: number[][]): Map<string, number> =>
    new Map(models.map((m, i) => [m, pointsPerStrength * Math.sqrt(Math.max(0, matrix[i][i]))]));
  return {
    models,
    strengths,
    ratings: ratingsOf(models, strengths),
    standardErrors: errors(covariance),
    sandwichErrors: errors(sandwich),
    tieParameter: hasTies ? Math.exp(found.x[n]) : 0,
    negativeLogLikelihood: found.value,
  };
}

/**
 * Inverse Hessian and sandwich of (strengths, log nu) at the maximum. A vote is a choice among a, b and tie with logits
 * theta_a, theta_b, (theta_a + theta_b) / 2 + log nu, so the Hessian is the sum of the choices' covariances and a vote's
 * score what was chosen minus what was expected. Strengths are fixed to mean 0 as in Bradley-Terry.
 */
function covariances(
  { models, a, b, score }: IndexedVotes,
  strengths: readonly number[],
  logNu: number | undefined,
): { readonly covariance: number[][]; readonly sandwich: number[][] } {
  const n = models.length;
  const size = logNu === undefined ? n : n + 1;
  const zeros = (): number[][] => Array.from({ length: size }, () => new Array<number>(size).fill(0));
  const [hessian, scatter] = [zeros(), zeros()];
  for (let i = 0; i < score.length; i++) {
    const places = logNu === undefined ? [a[i], b[i]] : [a[i], b[i], n];
    const rows = [[1, 0, 0], [0, 1, 0], ...(logNu === undefined ? [] : [[0.5, 0.5, 1]])];
    const [ta, tb] = [strengths[a[i]], strengths[b[i]]];
    const logits = logNu === undefined ? [ta, tb] : [ta, tb, (ta + tb) / 2 + logNu];
    const top = Math.max(...logits);
    const weights = logits.map((l) => Math.exp(l - top));
    const total = weights.reduce((p, q) => p + q, 0);
    const mean = places.map((_, c) => rows.reduce((sum, row, k) => sum + (weights[k] / total) * row[c], 0));
    const chosen = rows[score[i] === 0.5 ? 2 : score[i] === 1 ? 0 : 1];
    for (const [p, x] of places.entries())
      for (const [q, y] of places.entries()) {
        const second = rows.reduce((sum, row, k) => sum + (weights[k] / total) * row[p] * row[q], 0);
        hessian[x][y] += second - mean[p] * mean[q];
        scatter[x][y] += (chosen[p] - mean[p]) * (chosen[q] - mean[q]);
      }
  }
  const shift = (matrix: number[][], by: number): number[][] =>
    matrix.map((row, i) => row.map((v, j) => (i < n && j < n ? v + by / n : v)));
  const covariance = shift(invert(shift(hessian, 1)), -1);
  return { covariance, sandwich: product(product(covariance, scatter), covariance) };
}
