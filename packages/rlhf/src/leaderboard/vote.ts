// Pairwise votes, the one input of every rating here.

/** One comparison: which of two answers somebody (a person, a rule, a reward model) preferred. */
export interface Vote {
  readonly modelA: string;
  readonly modelB: string;
  readonly winner: 'a' | 'b' | 'tie';
}

/** Votes as indices into the sorted list of models; `score` is a's share of the win: 1, 0 or 1/2. */
export interface IndexedVotes {
  readonly models: readonly string[];
  readonly a: Int32Array;
  readonly b: Int32Array;
  readonly score: Float64Array;
}

/** Checks the votes and numbers the models by name. */
export function indexVotes(votes: readonly Vote[]): IndexedVotes {
  if (!Array.isArray(votes)) throw new TypeError(`votes: expected a list of votes, got ${typeof votes}`);
  if (votes.length === 0) throw new RangeError('votes: expected at least one, got none');
  const models = [...new Set(votes.flatMap((v) => [v.modelA, v.modelB]))].sort();
  const index = new Map(models.map((m, i) => [m, i]));
  votes.forEach((v, row) => {
    if (v.modelA === v.modelB) throw new RangeError(`votes: row ${row} compares ${v.modelA} with itself`);
    if (v.winner !== 'a' && v.winner !== 'b' && v.winner !== 'tie')
      throw new RangeError(`votes: row ${row}: winner: expected a, b or tie, got ${String(v.winner)}`);
  });
  return {
    models,
    a: Int32Array.from(votes, (v) => index.get(v.modelA)!),
    b: Int32Array.from(votes, (v) => index.get(v.modelB)!),
    score: Float64Array.from(votes, (v) => (v.winner === 'a' ? 1 : v.winner === 'b' ? 0 : 0.5)),
  };
}

/** Points of rating per unit of strength: 400 / ln 10, so that 400 points are odds of ten. */
export const pointsPerStrength = 400 / Math.LN10;

/** 1000 + 400/ln 10 x strength by model name. */
export const ratingsOf = (models: readonly string[], strengths: readonly number[]): Map<string, number> =>
  new Map(models.map((m, i) => [m, 1000 + pointsPerStrength * strengths[i]]));
