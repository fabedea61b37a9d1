// Davidson 1970: Bradley-Terry with a probability of ties, P(tie) proportional to nu sqrt(pi_a pi_b), fitted to wins, losses and ties together. With nu free, ties
// inform the strengths less than as half wins.
import { minimize } from '../numerics/lbfgs.ts';
import { checkConnected } from './connected.ts';
import { indexVotes, ratingsOf, type Vote } from './vote.ts';

/** A fit of Davidson's model. */
export interface DavidsonFit {
  readonly models: readonly string[];
  readonly strengths: readonly number[];
  readonly ratings: ReadonlyMap<string, number>;
  /** nu: equals tie with probability nu / (2 + nu). */
  readonly tieParameter: number;
  readonly negativeLogLikelihood: number;
}

/** Maximum-likelihood strengths (mean 0) and tie parameter of votes; at least one tie is needed for a finite log nu. */
export function davidsonRatings(votes: readonly Vote[]): DavidsonFit {
  const indexed = indexVotes(votes);
  checkConnected(indexed);
  const { models, a, b, score } = indexed;
  const n = models.length;
  const hasTies = score.includes(0.5);
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
  return {
    models,
    strengths,
    ratings: ratingsOf(models, strengths),
    tieParameter: hasTies ? Math.exp(found.x[n]) : 0,
    negativeLogLikelihood: found.value,
  };
}
