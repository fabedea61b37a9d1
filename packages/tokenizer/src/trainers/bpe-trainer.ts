// Learns byte-pair merges from piece counts (Sennrich et al. 2016): again and again the most frequent pair of neighbours becomes a token. The same merges as
// Hugging Face tokenizers (`ties: 'least-ids'`), or as the plain textbook trainer (`ties: 'greatest-bytes'`). WebAssembly does the work where it may run and
// has room (4 GB), scripts where not.
import { refuseUnknownOptions } from '../unknown-options.ts';
import type { BpeTrainerOptions, BpeTraining } from './bpe-options.ts';
import { learnInKernels } from './learn-in-kernels.ts';
import { learnInScript } from './learn-in-script.ts';
import type { PieceCounts } from './piece-counts.ts';
import { checkVocabSize } from './training-options.ts';

const OPTIONS = [
  ...[
    'vocabSize',
    'specialTokens',
    'onProgress',
    'signal',
    'symbols',
    'minFrequency',
    'maxTokenLength',
    'ties',
    'limitAlphabet',
  ],
  ...['continuingSubwordPrefix', 'endOfWordSuffix', 'resume'],
];

/**
 * Learns merges until there are `vocabSize` tokens or no pair is frequent enough. Abort with `signal`; the merges so far, passed as `resume`, continue the run.
 *
 * @example
 * ```ts
 * import { PieceCounts, trainBpe } from '@ashlar/tokenizer';
 *
 * const counts = new PieceCounts();
 * counts.add('low', 5);
 * counts.add('lower', 2);
 * trainBpe(counts, { vocabSize: 258 }).merges // => [['l', 'o'], ['lo', 'w']]
 * ```
 */
export function trainBpe(counts: PieceCounts, options: BpeTrainerOptions): BpeTraining {
  refuseUnknownOptions('trainBpe', options, OPTIONS);
  checkVocabSize(options.vocabSize);
  const learned = learnInKernels(counts, options);
  if (learned === undefined) return learnInScript(counts, options);
  const { tokens, merges, isWhole } = learned;
  return isWhole ? { tokens, merges } : learnInScript(counts, { ...options, resume: merges });
}
