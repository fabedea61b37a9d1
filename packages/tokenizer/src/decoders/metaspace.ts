// Turns the visible space back; the one that was put before the text is dropped.
import type { PrependScheme } from '../pre-tokenizers/metaspace.ts';
import type { Decoder } from './decoder.ts';

export const metaspaceDecoder = (
  replacement: string,
  prependScheme: PrependScheme,
  split: boolean,
): Decoder => ({
  config: { type: 'Metaspace', replacement, prepend_scheme: prependScheme, split },
  decode: (tokens) =>
    tokens.map((token, i) =>
      token.replaceAll(replacement, () => (i === 0 && prependScheme !== 'never' ? '' : ' ')),
    ),
});
