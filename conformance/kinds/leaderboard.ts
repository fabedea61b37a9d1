// leaderboard/<name>: votes.jsonl and expected.json with cases of elo, bradley-terry and davidson. Ratings within 0.05 points, errors within 0.5 %, the tie
// parameter within 1e-3.
import { join } from 'node:path';
import { bradleyTerryRatings, davidsonRatings, type EloOptions, eloRatings, type Vote } from '@ashlar/rlhf';
import { type CaseGroup, type GroupResult, type Kind, readJson, readJsonLines } from '../case.ts';

type ByModel = Readonly<Record<string, number>>;

interface RatingCase {
  readonly method: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly ratings: ByModel;
  readonly standardErrors?: ByModel;
  readonly sandwichErrors?: ByModel;
  readonly tieParameter?: number;
  readonly negativeLogLikelihood?: number;
}

interface Fit {
  readonly ratings: ReadonlyMap<string, number>;
  readonly standardErrors?: ReadonlyMap<string, number>;
  readonly sandwichErrors?: ReadonlyMap<string, number>;
  readonly tieParameter?: number;
  readonly negativeLogLikelihood?: number;
}

function fit(one: RatingCase, votes: readonly Vote[]): Fit {
  if (one.method === 'elo') return { ratings: eloRatings(votes, one.params as EloOptions) };
  if (one.method === 'bradley-terry') return bradleyTerryRatings(votes, one.params);
  if (one.method === 'davidson') return davidsonRatings(votes);
  throw new RangeError(`unknown method ${one.method}`);
}

export const kind: Kind = {
  async run(group: CaseGroup): Promise<GroupResult> {
    const votes = await readJsonLines<Vote>(join(group.path, 'votes.jsonl'));
    const expected = await readJson<{ cases: RatingCase[] }>(group, 'expected.json');
    if (expected === undefined) throw new RangeError('expected.json: expected a file, got none');
    const failures: string[] = [];
    let worst = 0;
    for (const one of expected.cases) {
      const got = fit(one, votes);
      const wrong: string[] = [];
      for (const [model, rating] of Object.entries(one.ratings)) {
        const difference = Math.abs((got.ratings.get(model) ?? Number.NaN) - rating);
        worst = Math.max(worst, difference);
        if (!(difference <= 0.05)) wrong.push(`${model}: expected ${rating}, got ${got.ratings.get(model)}`);
      }
      for (const name of ['standardErrors', 'sandwichErrors'] as const)
        for (const [model, error] of Object.entries(one[name] ?? {})) {
          const value = got[name]?.get(model) ?? Number.NaN;
          if (!(Math.abs(value / error - 1) <= 0.005))
            wrong.push(`${name} ${model}: expected ${error}, got ${value}`);
        }
      for (const name of ['tieParameter', 'negativeLogLikelihood'] as const) {
        const value = one[name];
        if (value !== undefined && !(Math.abs((got[name] ?? Number.NaN) - value) <= 1e-3))
          wrong.push(`${name}: expected ${value}, got ${got[name]}`);
      }
      if (wrong.length > 0) failures.push(`${one.method}: ${wrong.slice(0, 3).join('; ')}`);
    }
    return {
      passed: expected.cases.length - failures.length,
      failures,
      note: `max |drating| ${worst.toExponential(1)}`,
    };
  },
};
