// What byte-pair training may be told, and what it gives.
import type { TrainingOptions } from './training-options.ts';

/** What `trainBpe` may be told. */
export interface BpeTrainerOptions extends TrainingOptions {
  /** 'bytes': pieces are byte strings and the alphabet is all 256 bytes. 'characters': the alphabet is what occurs. */
  readonly symbols?: 'bytes' | 'characters';
  /** Least count of a pair to be merged; default 1. */
  readonly minFrequency?: number;
  /** Longest token in symbols; default: no bound. */
  readonly maxTokenLength?: number;
  /**
   * Which of several most frequent pairs is merged: 'least-ids' (default; Hugging Face) takes the one with the least left id, then right id;
   * 'greatest-bytes' the one whose (left, right) is greatest in byte order.
   */
  readonly ties?: 'least-ids' | 'greatest-bytes';
  /** For 'characters': keep only that many, the most frequent. */
  readonly limitAlphabet?: number;
  /** For 'characters': put before every symbol of a piece but the first ('##'). */
  readonly continuingSubwordPrefix?: string;
  /** For 'characters': put behind the last symbol of a piece ('</w>'). */
  readonly endOfWordSuffix?: string;
  /** Merges of an earlier run to begin with, as [left, right] tokens: training goes on where it stopped. */
  readonly resume?: readonly (readonly [string, string])[];
}

/** What training gives: tokens by id, and the merges in order. Byte symbols are written in GPT-2's alphabet. */
export interface BpeTraining {
  readonly tokens: readonly string[];
  readonly merges: readonly (readonly [left: string, right: string])[];
}
