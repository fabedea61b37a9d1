import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createRandom } from './random.ts';
import { createRow, keepMasked, loadRow, topSlot, weigh } from './row.ts';
import { keepMass, keepTop, selectByWeight, sortRow } from './select.ts';
import { selectByBins } from './select-by-bins.ts';

const random = createRandom(17);
const wide = (n: number, spread: number, grid: number): Float32Array =>
  Float32Array.from(
    { length: n },
    (_, i) => Math.round(grid * spread * Math.log(random.uniform('draw', i, n))) / grid,
  );
const oracle = (
  l: ArrayLike<number>,
  w: ArrayLike<number> | undefined,
  need: number,
  ties: boolean,
): number[] => {
  const order = Array.from(l, (_, i) => i).sort((a, b) => l[b] - l[a] || a - b);
  let left = need;
  let n = 0;
  while (n < order.length && left > 0) {
    left -= w === undefined ? 1 : w[order[n]];
    n++;
  }
  if (ties) while (n < order.length && l[order[n]] === l[order[n - 1]]) n++;
  return order.slice(0, n).sort((a, b) => a - b);
};

for (const [name, row] of Object.entries({
  'a peaked row': wide(5000, 3, 4096),
  'a flat row': wide(5000, 0.01, 1e6),
  'a row with many ties': wide(5000, 1, 4),
  'one value': new Float32Array(5000),
  'a long tail': wide(5000, 20, 64),
}))
  for (const share of [0.001, 0.2, 0.5, 0.9, 0.999])
    it(`bins, quickselect and a full sort keep the same of ${name}, mass ${share}`, () => {
      for (const ties of [false, true])
        for (const byMass of [true, false]) {
          const r = createRow();
          loadRow(r, row);
          const total = weigh(r);
          const weights = byMass ? r.weights : undefined;
          // Between two steps of the running sum, so that rounding decides nothing.
          const need = byMass ? share * total : Math.ceil(share * row.length);
          const want = oracle(row, weights, need, ties);
          const m = selectByWeight(r, weights, need, ties);
          expect([...r.order.subarray(0, m)].sort((a, b) => a - b)).toEqual(want);
          const b = selectByBins(r, row, r.values[topSlot(r)], weights, need, ties);
          if (b >= 0) expect([...r.order.subarray(0, b)]).toEqual(want);
          keepMass(r, weights, need, ties);
          expect([...r.ids.subarray(0, r.n)]).toEqual(want);
        }
    });

it('sorts by value, then by id, and a sorted row is cut to its prefix', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 200 }),
      fc.integer({ min: 1, max: 30 }),
      (l, k) => {
        const r = createRow();
        loadRow(r, Float64Array.from(l));
        sortRow(r);
        const want = l.map((_, i) => i).sort((a, b) => l[b] - l[a] || a - b);
        expect([...r.ids.subarray(0, r.n)]).toEqual(want);
        keepTop(r, k);
        expect([...r.ids.subarray(0, r.n)]).toEqual(want.slice(0, k));
      },
    ),
  );
});

it('keeps the buffers of the first row: nothing is allocated by the next ones', () => {
  const r = createRow();
  loadRow(r, wide(3000, 2, 64));
  const { ids, weights, keys, order, sparse, slots } = r;
  for (const k of [5, 600]) {
    loadRow(r, wide(3000, 2, 64));
    keepTop(r, k);
    weigh(r);
    expect([r.ids, r.weights, r.keys, r.order, r.sparse, r.slots]).toEqual([
      ids,
      weights,
      keys,
      order,
      sparse,
      slots,
    ]);
    expect(r.ids).toBe(ids);
    expect(r.values).toBe(sparse);
  }
});

it('a mask keeps the ids whose bit is set, dense or sparse, also when it is shorter than the vocabulary', () => {
  fc.assert(
    fc.property(
      fc.array(fc.boolean(), { minLength: 1, maxLength: 150 }),
      fc.nat(150),
      fc.boolean(),
      (bits, more, sparse) => {
        const size = bits.length + more;
        const mask = new Uint32Array(Math.ceil(bits.length / 32));
        bits.forEach((bit, id) => {
          if (bit) mask[id >> 5] |= 1 << (id & 31);
        });
        const r = createRow();
        loadRow(r, new Float32Array(size).fill(1));
        if (sparse) keepTop(r, 9999);
        if (sparse) sortRow(r);
        keepMasked(r, mask);
        const kept = Array.from({ length: r.n }, (_, slot) => slot).filter(
          (slot) => r.values[slot] > -Infinity,
        );
        expect(kept.map((slot) => (r.dense ? slot : r.ids[slot]))).toEqual(
          bits.flatMap((bit, id) => (bit ? [id] : [])),
        );
      },
    ),
  );
});
