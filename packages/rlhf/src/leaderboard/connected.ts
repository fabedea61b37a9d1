// A maximum-likelihood rating exists only if no group of models won every vote against the rest (Ford 1957): the graph "won or tied against" must be
// strongly connected. We say who stands apart instead of returning ratings that ran to infinity.
import type { IndexedVotes } from './vote.ts';

/** Thrown when votes do not determine finite ratings. */
export class DisconnectedVotesError extends Error {
  override readonly name = 'DisconnectedVotesError';
}

/** Throws a {@link DisconnectedVotesError} unless every model reaches every other over wins and ties. */
export function checkConnected({ models, a, b, score }: IndexedVotes): void {
  const beat: Set<number>[] = models.map(() => new Set());
  const lost: Set<number>[] = models.map(() => new Set());
  for (let i = 0; i < score.length; i++) {
    if (score[i] > 0) add(a[i], b[i]);
    if (score[i] < 1) add(b[i], a[i]);
  }
  for (const [edges, verb] of [
    [beat, 'above'],
    [lost, 'below'],
  ] as const) {
    const seen = reach(edges);
    const apart = models.filter((_, i) => !seen.has(i));
    if (apart.length > 0)
      throw new DisconnectedVotesError(
        `votes: no finite rating: ${apart.slice(0, 5).join(', ')} never placed ${verb === 'above' ? 'below' : 'above'} the models around ${models[0]}; add votes or a ridge`,
      );
  }

  function add(winner: number, loser: number): void {
    beat[winner].add(loser);
    lost[loser].add(winner);
  }
}

function reach(edges: readonly ReadonlySet<number>[]): Set<number> {
  const seen = new Set([0]);
  const open = [0];
  for (let next = open.pop(); next !== undefined; next = open.pop())
    for (const to of edges[next])
      if (!seen.has(to)) {
        seen.add(to);
        open.push(to);
      }
  return seen;
}
