// The contract of the last stage: turns a list of tokens back into text; the texts it returns are joined.
import type { StageConfig } from '../normalizers/normalizer.ts';

/** Turns tokens into text; `config` is its tokenizer.json form. */
export interface Decoder {
  readonly config: StageConfig;
  decode(tokens: readonly string[]): string[];
}
