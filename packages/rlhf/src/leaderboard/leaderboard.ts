// The table people look at: Bradley-Terry ratings with sandwich intervals and the ranks they support; and its picture.

import { rankByInterval } from './bootstrap.ts';
import { bradleyTerryRatings } from './bradley-terry.ts';
import type { Vote } from './vote.ts';

/** One row of the table, best first. */
export interface LeaderboardRow {
  readonly model: string;
  /** Shared rank: 1 + models that are better beyond their intervals. */
  readonly rank: number;
  readonly rating: number;
  /** 95 % interval. */
  readonly lower: number;
  readonly upper: number;
  readonly votes: number;
  /** Wins and half the ties over its votes. */
  readonly winRate: number;
}

/** Bradley-Terry ratings, 95 % sandwich intervals, ranks, votes and win rates, best first; `ridge` as in `bradleyTerryRatings`. */
export function leaderboard(
  votes: readonly Vote[],
  options: { readonly ridge?: number } = {},
): LeaderboardRow[] {
  const fit = bradleyTerryRatings(votes, options);
  const intervals = new Map(
    fit.models.map((model) => {
      const rating = fit.ratings.get(model)!;
      const half = 1.959964 * fit.sandwichErrors.get(model)!;
      return [model, { lower: rating - half, upper: rating + half }];
    }),
  );
  const ranks = rankByInterval(intervals);
  return fit.models
    .map((model) => {
      const own = votes.filter((v) => v.modelA === model || v.modelB === model);
      const won = own.reduce(
        (sum, v) => sum + (v.winner === 'tie' ? 0.5 : (v.winner === 'a') === (v.modelA === model) ? 1 : 0),
        0,
      );
      return {
        model,
        rank: ranks.get(model)!,
        rating: fit.ratings.get(model)!,
        ...intervals.get(model)!,
        votes: own.length,
        winRate: won / own.length,
      };
    })
    .sort((p, q) => q.rating - p.rating);
}

/** The rows as an SVG: a dot and its interval for every model. */
export function leaderboardPlot(rows: readonly LeaderboardRow[]): string {
  const [low, high] = [Math.min(...rows.map((r) => r.lower)), Math.max(...rows.map((r) => r.upper))];
  const [left, width, line] = [180, 420, 24];
  const x = (rating: number): number => left + ((rating - low) / Math.max(1e-9, high - low)) * width;
  const body = rows.map((row, i) => {
    const y = 20 + i * line;
    return (
      `<text x="${left - 10}" y="${y + 4}" text-anchor="end">${escapeText(row.model)}</text>` +
      `<line x1="${x(row.lower).toFixed(1)}" x2="${x(row.upper).toFixed(1)}" y1="${y}" y2="${y}" stroke="#888" stroke-width="2"/>` +
      `<circle cx="${x(row.rating).toFixed(1)}" cy="${y}" r="4" fill="#1f6feb"/>` +
      `<text x="${left + width + 12}" y="${y + 4}">${row.rating.toFixed(0)}</text>`
    );
  });
  const height = 20 + rows.length * line;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${left + width + 70} ${height}" font-family="system-ui" font-size="12" fill="currentColor">${body.join('')}</svg>`;
}

const escapeText = (text: string): string =>
  text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]!);
