// What a call of `encode` may be told.
import type { Padding, Truncation } from './encoding.ts';

/** What `encode` may be told. */
export interface EncodeOptions {
  /** A second text. */
  readonly pair?: string;
  /** Frame the text as the post-processor says (BOS, [CLS], ...); default true. */
  readonly addSpecialTokens?: boolean;
  /** Control tokens that the text may become when it spells them; default 'none': text is never a control token. */
  readonly allowedSpecial?: 'all' | 'none' | Iterable<string>;
  /** What to do with a control token in the text that is not allowed: encode it as 'plain' text (default) or throw an 'error'. */
  readonly refusedSpecial?: 'plain' | 'error';
  /** Default: as the tokenizer's file says; false for none. */
  readonly truncation?: Truncation | false;
  /** Default: as the tokenizer's file says; false for none. */
  readonly padding?: Padding | false;
  /** BPE dropout: probability that a merge is passed over. Needs `uniform`. */
  readonly dropout?: number;
  /** Random numbers in [0, 1) for dropout, such as a Philox stream of `@ashlar/sampling`. */
  readonly uniform?: () => number;
}

/** The names of all options, for the check. */
export const ENCODE_OPTIONS = [
  'pair',
  'addSpecialTokens',
  'allowedSpecial',
  'refusedSpecial',
  'truncation',
  'padding',
  'dropout',
  'uniform',
];
