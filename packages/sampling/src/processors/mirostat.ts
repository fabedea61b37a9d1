// Mirostat (Basu et al. 2020, arXiv 2007.14966): truncation steered so that the surprise of the text stays near tau
// bits. Version 1 estimates a Zipf exponent and cuts by rank; version 2 cuts what is more surprising than mu. The
// feedback mu is kept for every position, so it rolls back and copies (llama.cpp's v1 clone writes into its source).
import { checkInteger, checkKnown, checkNumber } from '../check.ts';
import { keepAboveLogit } from '../keep-probable.ts';
import type { Processor } from '../processor.ts';
import { type Row, topSlot, weigh } from '../row.ts';
import { keepTop, selectByWeight } from '../select.ts';

/** Options of {@link mirostat}. */
export interface MirostatOptions {
  /** 1 (rank by a Zipf estimate) or 2 (surprise cut); default 2. */
  readonly version?: 1 | 2;
  /** The surprise to hold, in bits, > 0; default 5. */
  readonly tau?: number;
  /** How fast mu follows, > 0; default 0.1. */
  readonly eta?: number;
  /** Version 1: how many tokens the estimate uses, >= 2; default 100. */
  readonly m?: number;
}

/**
 * Truncates by `-log2 p <= mu` (version 2) or to k tokens (version 1), draws, then `mu -= eta (-log2 p_drawn - tau)`; mu starts at 2 tau.
 *
 * Must be the last step. Ids that were not drawn (the prompt) do not move mu.
 *
 * @throws RangeError for an unknown version, tau <= 0, eta <= 0 or m < 2; TypeError when m is given for version 2.
 */
export function mirostat(options: MirostatOptions = {}): Processor {
  checkKnown('mirostat', options, ['version', 'tau', 'eta', 'm']);
  const version = options.version ?? 2;
  if (version !== 1 && version !== 2)
    throw new RangeError(`version: expected 1 or 2, got ${String(version)}`);
  if (version === 2 && options.m !== undefined) throw new TypeError('m: version 2 of mirostat has no m');
  const tau = checkNumber('tau', options.tau ?? 5, '0 < tau < Infinity', (x) => x > 0 && x < Infinity);
  const eta = checkNumber('eta', options.eta ?? 0.1, '0 < eta < Infinity', (x) => x > 0 && x < Infinity);
  const m = version === 1 ? checkInteger('m', options.m ?? 100, 2) : undefined;
  return build({ version, tau, eta, m }, [2 * tau]);
}

interface Settings {
  readonly version: 1 | 2;
  readonly tau: number;
  readonly eta: number;
  readonly m: number | undefined;
}

/** `mus[i]` is mu after i ids. */
function build(settings: Settings, mus: number[]): Processor {
  const { version, tau, eta, m } = settings;
  const mu = (): number => mus[mus.length - 1];
  return {
    name: 'mirostat',
    options: { version, tau, eta, m },
    argmaxInvariant: true,
    last: true,
    process(row) {
      if (version === 1) keepTop(row, zipfRank(row, mu(), m ?? 100));
      else {
        const total = weigh(row);
        keepAboveLogit(row, row.values[topSlot(row)] + Math.log(total) - mu() * Math.LN2, 1);
      }
    },
    state: {
      accept(_id, probability) {
        mus.push(probability === undefined ? mu() : mu() - eta * (-Math.log2(probability) - tau));
      },
      rollback(n) {
        mus.length -= n;
      },
      present: () => [mu()],
      clone: () => build(settings, mus.slice()),
      save: () => mus.slice(),
      load(saved) {
        mus.splice(0, mus.length, ...(saved as number[]));
      },
    },
  };
}

/** k = (e 2^mu / (1 - V^-e))^(1/s), e = s - 1, s the least-squares Zipf exponent of the m most likely tokens. */
function zipfRank(row: Row, mu: number, m: number): number {
  const count = selectByWeight(row, undefined, Math.min(m, row.n));
  const top = row.keys.subarray(0, count);
  for (let i = 0; i < count; i++) top[i] = row.values[row.order[i]];
  top.sort(); // ascending
  let products = 0;
  let squares = 0;
  for (let i = 0; i + 1 < count; i++) {
    const t = Math.log((i + 2) / (i + 1));
    const lower = top[count - 2 - i];
    if (lower === -Infinity) break;
    products += t * (top[count - 1 - i] - lower);
    squares += t * t;
  }
  if (squares === 0) return 1; // a single candidate: 0 / 0 in the formula
  const s = products / squares;
  const e = s - 1;
  const spread = Math.abs(e) < 1e-12 ? 1 / Math.log(row.vocabSize) : e / (1 - row.vocabSize ** -e);
  const k = (spread * 2 ** mu) ** (1 / s);
  return Number.isNaN(k) ? 1 : Math.max(1, Math.min(row.n, Math.floor(k)));
}
