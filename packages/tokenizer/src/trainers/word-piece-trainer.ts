// Learns a WordPiece vocabulary as Hugging Face tokenizers does: byte-pair merges over characters, where all but the first of a word carry a prefix; the
// tokens are the vocabulary and the merges are forgotten.
import { refuseUnknownOptions } from '../unknown-options.ts';
import { trainBpe } from './bpe-trainer.ts';
import type { PieceCounts } from './piece-counts.ts';
import type { TrainingOptions } from './training-options.ts';

/** What `trainWordPiece` may be told. */
export interface WordPieceTrainerOptions extends TrainingOptions {
  /** Default '##'. */
  readonly continuingSubwordPrefix?: string;
  /** Least count of a pair to be merged; default 1. */
  readonly minFrequency?: number;
  /** Keep only that many characters, the most frequent. */
  readonly limitAlphabet?: number;
}

/**
 * Learns a WordPiece vocabulary: tokens by id, control tokens first.
 *
 * @example
 * ```ts
 * import { PieceCounts, trainWordPiece } from '@ashlar/tokenizer';
 *
 * const counts = new PieceCounts();
 * counts.add('abab', 4);
 * trainWordPiece(counts, { vocabSize: 7, specialTokens: ['[UNK]'] }) // => ['[UNK]', 'a', 'b', '##b', '##a', 'ab', '##ab']
 * ```
 */
export function trainWordPiece(counts: PieceCounts, options: WordPieceTrainerOptions): string[] {
  refuseUnknownOptions('trainWordPiece', options, [
    ...[
      'vocabSize',
      'specialTokens',
      'onProgress',
      'signal',
      'continuingSubwordPrefix',
      'minFrequency',
      'limitAlphabet',
    ],
  ]);
  const { continuingSubwordPrefix = '##', ...rest } = options;
  return [...trainBpe(counts, { ...rest, symbols: 'characters', continuingSubwordPrefix }).tokens];
}
