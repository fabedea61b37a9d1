// The contract of the second stage: cuts a piece of text into smaller pieces that the model then works on one by one. Empty pieces are dropped.
import type { AlignedText } from '../aligned-text.ts';
import type { StageConfig } from '../normalizers/normalizer.ts';

/** Cuts a piece of text; `config` is its tokenizer.json form. */
export interface PreTokenizer {
  readonly config: StageConfig;
  split(piece: AlignedText): AlignedText[];
  /** For byte-level stages: the same cuts with the bytes left unwritten, on text without alignments. */
  cut?(piece: AlignedText): AlignedText[];
  /** The values that `split` gives for a whole text without alignments, empty ones left out or not. */
  words?(text: string): string[];
}
