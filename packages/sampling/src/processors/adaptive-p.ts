// Adaptive-p (llama.cpp PR 17927): prefers tokens whose probability is near a target, which moves against the average
// of what was drawn. It makes its own law, so it comes last. The weighted sums are kept for every position and roll
// back (llama.cpp's clone forgets its random state).
import { checkKnown, checkNumber } from '../check.ts';
import type { Processor } from '../processor.ts';
import { idAt, weigh } from '../row.ts';

/** Options of {@link adaptiveP}. */
export interface AdaptivePOptions {
  /** The probability to aim at, 0 <= target <= 1. */
  readonly target: number;
  /** The memory of the average, 0 <= decay <= 0.99; default 0.9. */
  readonly decay?: number;
}

/** The shape of the preference: logit `peak - sharpness d^2 / (1 + d)` at distance d, in units of `width`. */
export const preference = { width: 0.3, peak: 5, sharpness: 10 } as const;
const { width, peak, sharpness } = preference;

/**
 * `l' = 5 - 10 d^2 / (1 + d)`, `d = |p - a| / 0.3`, `a = clamp(2 target - mean)`, mean the decayed mean of the
 * drawn tokens' original p.
 *
 * @throws RangeError when target or decay is outside its range.
 */
export function adaptiveP(options: AdaptivePOptions): Processor {
  checkKnown('adaptiveP', options, ['target', 'decay']);
  const target = checkNumber('target', options.target, '0 <= target <= 1', (x) => x >= 0 && x <= 1);
  const decay = checkNumber('decay', options.decay ?? 0.9, '0 <= decay <= 0.99', (x) => x >= 0 && x <= 0.99);
  return build(target, decay, [{ sum: target / (1 - decay), weight: 1 / (1 - decay) }], new Map());
}

/** The decayed sum of original probabilities, and of ones. */
interface Average {
  readonly sum: number;
  readonly weight: number;
}

/** `averages[i]` is the average after i ids; `original` the probabilities of the last processed row. */
function build(target: number, decay: number, averages: Average[], original: Map<number, number>): Processor {
  const aim = (): number => {
    const { sum, weight } = averages[averages.length - 1];
    return Math.min(1, Math.max(0, 2 * target - sum / weight));
  };
  return {
    name: 'adaptiveP',
    options: { target, decay },
    argmaxInvariant: false,
    last: true,
    process(row) {
      const wanted = aim();
      const total = weigh(row);
      original.clear();
      for (let slot = 0; slot < row.n; slot++) {
        if (row.values[slot] === -Infinity) continue;
        const p = row.weights[slot] / total;
        original.set(idAt(row, slot), p);
        const d = Math.abs(p - wanted) / width;
        row.values[slot] = peak - (sharpness * d * d) / (1 + d);
      }
      row.sorted = false;
      row.total = 0;
    },
    state: {
      accept(id, probability) {
        const last = averages[averages.length - 1];
        const p = probability === undefined ? undefined : original.get(id);
        averages.push(
          p === undefined ? last : { sum: p + decay * last.sum, weight: 1 + decay * last.weight },
        );
      },
      rollback(n) {
        averages.length -= n;
      },
      present: () => [aim()],
      clone: () => build(target, decay, averages.slice(), new Map(original)),
      save: () => averages.map(({ sum, weight }) => [sum, weight]),
      load(saved) {
        const pairs = saved as [number, number][];
        averages.splice(0, averages.length, ...pairs.map(([sum, weight]) => ({ sum, weight })));
      },
    },
  };
}
