// The contract of the first stage: rewrites the text in place before it is cut. Every edit goes through AlignedText, so that offsets stay true.
import type { AlignedText } from '../aligned-text.ts';

/** Rewrites text before it is split; `config` is its tokenizer.json form. */
export interface Normalizer {
  readonly config: StageConfig;
  normalize(text: AlignedText): void;
}

/** A stage as tokenizer.json writes it: a type and its parameters. */
export interface StageConfig {
  readonly type: string;
  readonly [parameter: string]: unknown;
}
