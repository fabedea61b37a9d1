// Several pre-tokenizers: each cuts the pieces of the one before.
import type { PreTokenizer } from './pre-tokenizer.ts';

export const preTokenizerSequence = (preTokenizers: readonly PreTokenizer[]): PreTokenizer => ({
  config: { type: 'Sequence', pretokenizers: preTokenizers.map((p) => p.config) },
  split: (piece) => {
    let pieces = [piece];
    for (const preTokenizer of preTokenizers) {
      pieces = pieces.flatMap((p) => preTokenizer.split(p)).filter((p) => p.value !== '');
    }
    return pieces;
  },
});
