// Min-p (Nguyen et al. 2024, arXiv 2407.01082; a critique: 2506.13681): keep what is at least p times as likely as the
// most likely token. In logits: l >= max + ln p, so no exponential is needed. `>=` on both of our backends
// (llama.cpp's GPU version has `>`).
import { checkInteger, checkKnown, checkNumber } from '../check.ts';
import { keepNearTop } from '../keep-near-top.ts';
import { keepAboveLogit } from '../keep-probable.ts';
import type { Processor } from '../processor.ts';
import { topSlot } from '../row.ts';

/** Options of {@link minP}. */
export interface MinPOptions {
  /**
   * The least probability in units of the largest one, >= 0; 0 is off, above 1 keeps only the most likely (with its
   * equals).
   */
  readonly p: number;
  /** Keep at least so many; default 1. */
  readonly minKeep?: number;
}

/**
 * Keeps `l >= max l + ln p`.
 *
 * @throws RangeError when p is negative or infinite.
 */
export function minP(options: MinPOptions): Processor {
  checkKnown('minP', options, ['p', 'minKeep']);
  const p = checkNumber('minP', options.p, '0 <= p < Infinity', (x) => x >= 0 && x < Infinity);
  const minKeep = checkInteger('minKeep', options.minKeep ?? 1, 1);
  return {
    name: 'minP',
    options: { p, minKeep },
    argmaxInvariant: true,
    process(row) {
      if (p === 0) return;
      const offset = p >= 1 ? 0 : Math.log(p);
      if (row.dense && minKeep === 1) keepNearTop(row, offset);
      else keepAboveLogit(row, row.values[topSlot(row)] + offset, minKeep);
    },
  };
}
