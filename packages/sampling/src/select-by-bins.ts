// Selection by mass over a wide dense row in three plain passes: add the weights up in 2,048 bins of the key, find the
// bin in which the mass is reached, sort that one bin. Bins are monotone in the key, so the set is that of a full
// sort. When the bin is too full (ties, a flat row) the caller's quickselect does it.
import type { Logits, Row } from './row.ts';

const bins = 2048;
const perUnit = 64; // bins a unit of the key: 32 units below the maximum, the rest in the last bin
const mostInOneBin = 8192;
const masses = new Float64Array(bins);

/**
 * As `selectByWeight` for a dense row with the given keys, `top` the largest of them, but `row.order` ascends; -1
 * when bins do not help.
 */
export function selectByBins(
  row: Row,
  keys: Logits,
  top: number,
  weights: Float64Array | undefined,
  need: number,
  ties: boolean,
): number {
  const { order, n } = row;
  masses.fill(0);
  addUp(keys, top, weights);
  let bin = 0;
  let before = 0;
  while (bin < bins - 1 && before + masses[bin] < need) before += masses[bin++];
  if (bin === bins - 1) return -1;
  let count = 0;
  for (let id = 0; id < n; id++)
    if (binOf(top - keys[id]) === bin) {
      if (count === mostInOneBin) return -1;
      order[count++] = id;
    }
  const inBin = order.subarray(0, count).sort((a, b) => keys[b] - keys[a] || a - b);
  let last = 0;
  for (let left = need - before; last < count - 1; last++) {
    left -= weights === undefined ? 1 : weights[inBin[last]];
    if (left <= 0) break;
  }
  const lastKey = keys[inBin[last]];
  const lastId = ties ? n : inBin[last];
  let m = 0;
  for (let id = 0; id < n; id++)
    if (keys[id] >= lastKey && (keys[id] > lastKey || id <= lastId)) order[m++] = id;
  return m;
}

function addUp(keys: Logits, top: number, weights: Float64Array | undefined): void {
  const n = keys.length;
  if (weights === undefined) for (let id = 0; id < n; id++) masses[binOf(top - keys[id])]++;
  else for (let id = 0; id < n; id++) masses[binOf(top - keys[id])] += weights[id];
}

const binOf = (below: number): number => Math.min(bins - 1, below * perUnit) | 0;
