// Reads tokens of the byte alphabet back to bytes and those as UTF-8; other tokens stand for themselves.
import { alphabetToBytes } from '../byte-alphabet.ts';
import { type ByteLevelOptions, byteLevelConfig } from '../pre-tokenizers/byte-level.ts';
import { concatBytes } from '../unicode/concat-bytes.ts';
import { decodeUtf8, encodeUtf8 } from '../unicode/utf8.ts';
import type { Decoder } from './decoder.ts';

export const byteLevelDecoder = (options: ByteLevelOptions): Decoder => ({
  config: byteLevelConfig(options),
  decode: (tokens) => [
    decodeUtf8(concatBytes(tokens.map((token) => alphabetToBytes(token) ?? encodeUtf8(token)))),
  ],
});
