// A preference set's cheap truths before anybody trains on it: how often the longer answer won, and how well scores are calibrated.

/** Share of decided comparisons that the longer answer won; lengths that are equal count half. PandaLM's human votes have 0.668. */
export function longerWinRate(
  pairs: readonly { readonly chosenLength: number; readonly rejectedLength: number }[],
): number {
  if (pairs.length === 0) throw new RangeError('pairs: expected at least one, got none');
  const won = pairs.reduce(
    (sum, { chosenLength: c, rejectedLength: r }) => sum + (c > r ? 1 : c === r ? 0.5 : 0),
    0,
  );
  return won / pairs.length;
}

/** A bin of predicted probabilities. */
export interface CalibrationBin {
  readonly count: number;
  readonly predicted: number;
  readonly observed: number;
}

/** Bins of P(chosen) against how often it was so, and the expected calibration error (Naeini et al. 2015), weighted by counts. */
export function calibration(
  probabilities: readonly number[],
  outcomes: readonly boolean[],
  bins = 10,
): { readonly bins: readonly CalibrationBin[]; readonly expectedError: number } {
  if (probabilities.length !== outcomes.length || probabilities.length === 0)
    throw new RangeError('outcomes: expected one for every probability');
  const groups = Array.from({ length: bins }, () => ({ count: 0, predicted: 0, observed: 0 }));
  probabilities.forEach((p, i) => {
    const group = groups[Math.min(bins - 1, Math.floor(p * bins))];
    group.count++;
    group.predicted += p;
    group.observed += outcomes[i] ? 1 : 0;
  });
  const filled = groups
    .filter((g) => g.count > 0)
    .map((g) => ({ count: g.count, predicted: g.predicted / g.count, observed: g.observed / g.count }));
  const expectedError = filled.reduce(
    (sum, g) => sum + (g.count / probabilities.length) * Math.abs(g.predicted - g.observed),
    0,
  );
  return { bins: filled, expectedError };
}
