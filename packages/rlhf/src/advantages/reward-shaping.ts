// Rewards that depend on form only: DAPO's soft overlong punishment (arXiv 2503.14476, eq. 13), the n-gram repetition penalty of Open-R1, and the
// cosine length reward of Yeo et al. 2025 (arXiv 2502.03373).
import { checkOptions } from '../check-options.ts';

/** 0 up to maxLength - cache tokens, then linearly down to -1 at maxLength, -1 beyond. */
export function softOverlongPenalty(length: number, maxLength: number, cache: number): number {
  const free = maxLength - cache;
  if (length <= free) return 0;
  return length <= maxLength ? (free - length) / cache : -1;
}

/** -(1 - distinct n-grams / n-grams) times `weight`; 0 when the answer is shorter than n. */
export function repetitionPenalty(tokens: readonly (string | number)[], n: number, weight = 1): number {
  const grams = tokens.length - n + 1;
  if (grams <= 0) return 0;
  const distinct = new Set(Array.from({ length: grams }, (_, i) => tokens.slice(i, i + n).join(' ')));
  return -(1 - distinct.size / grams) * weight;
}

/** Ends of the cosine for right and wrong answers: the value at length 0 and at `maxLength`. */
export interface CosineLengthOptions {
  readonly maxLength: number;
  /** Default [1, 0.5]: a right answer is worth more the shorter it is. */
  readonly correct?: readonly [number, number];
  /** Default [-1, -0.5]: a wrong answer costs less the longer it tried. */
  readonly wrong?: readonly [number, number];
}

/** end + (start - end)(1 + cos(pi length / maxLength)) / 2, with (start, end) by whether the answer is right. */
export function cosineLengthReward(length: number, correct: boolean, options: CosineLengthOptions): number {
  checkOptions(options, ['maxLength', 'correct', 'wrong'], 'cosineLengthReward');
  const [start, end] = correct ? (options.correct ?? [1, 0.5]) : (options.wrong ?? [-1, -0.5]);
  const share = Math.min(1, length / options.maxLength);
  return end + 0.5 * (start - end) * (1 + Math.cos(Math.PI * share));
}
