// How far raters agree beyond chance. Before a preference set is trained on, this is its noise floor: nobody's reward model agrees with raters more than they do with each other.

/** Cohen's kappa of two raters' labels, item by item (Cohen 1960): (p_o - p_e) / (1 - p_e). NaN when both always give the same one label. */
export function cohenKappa<T extends string | number>(a: readonly T[], b: readonly T[]): number {
  if (a.length !== b.length || a.length === 0)
    throw new RangeError(`labels: expected two lists of one length, got ${a.length} and ${b.length}`);
  const n = a.length;
  const share = (labels: readonly T[], label: T): number => labels.filter((l) => l === label).length / n;
  const observed = a.filter((label, i) => label === b[i]).length / n;
  const expected = [...new Set([...a, ...b])].reduce(
    (sum, label) => sum + share(a, label) * share(b, label),
    0,
  );
  return (observed - expected) / (1 - expected);
}

/** Fleiss' kappa (1971): `counts[i][j]` raters gave item i the j-th label, equally many raters for every item. */
export function fleissKappa(counts: readonly (readonly number[])[]): number {
  const raters = counts[0]?.reduce((a, b) => a + b, 0) ?? 0;
  if (raters < 2) throw new RangeError(`counts: expected at least 2 raters an item, got ${raters}`);
  counts.forEach((row, i) => {
    const own = row.reduce((a, b) => a + b, 0);
    if (own !== raters) throw new RangeError(`counts[${i}]: expected ${raters} raters, got ${own}`);
  });
  const observed =
    counts.reduce((sum, row) => sum + row.reduce((s, c) => s + c * (c - 1), 0) / (raters * (raters - 1)), 0) /
    counts.length;
  const shares = counts[0].map(
    (_, j) => counts.reduce((sum, row) => sum + row[j], 0) / (counts.length * raters),
  );
  const expected = shares.reduce((sum, p) => sum + p * p, 0);
  return (observed - expected) / (1 - expected);
}

/** How far apart two labels are. */
export type LabelDistance = 'nominal' | 'ordinal' | 'interval';

/**
 * Krippendorff's alpha (1970): 1 - observed / expected disagreement, any number of raters, missing labels allowed.
 *
 * `labels[rater][item]`, undefined where a rater did not label; ordinal and interval labels are numbers.
 */
export function krippendorffAlpha(
  labels: readonly (readonly (number | undefined)[])[],
  distance: LabelDistance = 'nominal',
): number {
  const items = Math.max(...labels.map((row) => row.length));
  const units = Array.from({ length: items }, (_, i) =>
    labels.flatMap((row) => (row[i] === undefined ? [] : [row[i] as number])),
  ).filter((unit) => unit.length >= 2);
  const all = units.flat();
  if (all.length === 0) throw new RangeError('labels: expected an item with at least 2 labels, got none');
  const values = [...new Set(all)].sort((x, y) => x - y);
  const totals = new Map(values.map((v) => [v, all.filter((x) => x === v).length]));
  const delta = distanceOf(distance, values, totals);
  let observed = 0;
  for (const unit of units) {
    let sum = 0;
    for (const x of unit) for (const y of unit) sum += delta(x, y);
    observed += sum / (unit.length - 1);
  }
  let expected = 0;
  for (const x of values) for (const y of values) expected += totals.get(x)! * totals.get(y)! * delta(x, y);
  return 1 - (observed * (all.length - 1)) / expected;
}

function distanceOf(
  kind: LabelDistance,
  values: readonly number[],
  totals: ReadonlyMap<number, number>,
): (x: number, y: number) => number {
  if (kind === 'nominal') return (x, y) => (x === y ? 0 : 1);
  if (kind === 'interval') return (x, y) => (x - y) ** 2;
  if (kind !== 'ordinal')
    throw new RangeError(`distance: expected nominal, ordinal or interval, got ${String(kind)}`);
  return (x, y) => {
    const [low, high] = [Math.min(x, y), Math.max(x, y)];
    const between = values.filter((v) => v >= low && v <= high).reduce((sum, v) => sum + totals.get(v)!, 0);
    return x === y ? 0 : (between - (totals.get(low)! + totals.get(high)!) / 2) ** 2;
  };
}
