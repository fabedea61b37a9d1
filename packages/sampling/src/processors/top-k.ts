// The k most likely tokens (Fan, Lewis, Dauphin 2018, arXiv 1805.04833). Exactly k with the lowest id first among
// equals, as llama.cpp has it up to its unspecified ties; `keepTies` keeps every token equal to the k-th, as Hugging
// Face and vLLM do.
import { checkInteger, checkKnown } from '../check.ts';
import type { Processor } from '../processor.ts';
import { keepTop } from '../select.ts';

/** Options of {@link topK}. */
export interface TopKOptions {
  /** How many to keep, >= 1; more than the vocabulary keeps all. */
  readonly k: number;
  /** Keep also what equals the k-th logit; default false. */
  readonly keepTies?: boolean;
}

/**
 * Keeps the k largest logits.
 *
 * @throws RangeError when k is not an integer >= 1.
 */
export function topK(options: TopKOptions): Processor {
  checkKnown('topK', options, ['k', 'keepTies']);
  const k = checkInteger('topK', options.k, 1);
  const keepTies = options.keepTies ?? false;
  return {
    name: 'topK',
    options: { k, keepTies },
    argmaxInvariant: true,
    rankOnly: true,
    keepsTop: { k, ties: keepTies },
    process(row) {
      keepTop(row, k, keepTies);
    },
  };
}
