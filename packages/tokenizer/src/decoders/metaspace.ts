// Turns the visible space back; the one that was put before the text is dropped.
import type { PrependScheme } from '../pre-tokenizers/metaspace.ts';
import { type Decoder, eachToken } from './decoder.ts';

export const metaspaceDecoder = (
  replacement: string,
  prependScheme: PrependScheme,
  split: boolean,
): Decoder => ({
  config: { type: 'Metaspace', replacement, prepend_scheme: prependScheme, split },
  ...eachToken((token, isFirst) =>
    token.replaceAll(replacement, isFirst && prependScheme !== 'never' ? '' : ' '),
  ),
});
