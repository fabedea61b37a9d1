// p-less sampling (2025, arXiv 2509.23234): the cut is the chance that two independent draws agree, so there is no
// parameter.
import { checkKnown } from '../check.ts';
import { keepProbable } from '../keep-probable.ts';
import type { Processor } from '../processor.ts';
import { weigh } from '../row.ts';

/** Keeps `p >= sum p^2`; the most likely token always stays. */
export function pLess(options: Readonly<Record<string, never>> = {}): Processor {
  checkKnown('pLess', options, []);
  return {
    name: 'pLess',
    options: {},
    argmaxInvariant: true,
    process(row) {
      const total = weigh(row);
      let squares = 0;
      for (let slot = 0; slot < row.n; slot++) squares += row.weights[slot] * row.weights[slot];
      keepProbable(row, squares / (total * total), 1);
    },
  };
}
