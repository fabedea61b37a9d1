// The contract of the last stage: turns a list of tokens back into text; the texts it returns are joined.
import type { StageConfig } from '../normalizers/normalizer.ts';

/** Turns tokens into text; `config` is its tokenizer.json form. */
export interface Decoder {
  readonly config: StageConfig;
  decode(tokens: readonly string[]): string[];
  /** For decoders that look at one token after the other and keep their number: what `decode` makes of one. */
  textOf?(token: string, isFirst: boolean): string;
  /** The decoders that one is made of, in their order. */
  readonly parts?: readonly Decoder[];
}

/** A decoder that looks at one token after the other. */
export const eachToken = (
  textOf: (token: string, isFirst: boolean) => string,
): Required<Pick<Decoder, 'decode' | 'textOf'>> => ({
  decode: (tokens) => tokens.map((token, i) => textOf(token, i === 0)),
  textOf,
});
