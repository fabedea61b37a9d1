// Replaces every match in each token.
import { type PatternConfig, regexOrString } from '../unicode/pattern-config.ts';
import type { Decoder } from './decoder.ts';

export function replaceDecoder(pattern: PatternConfig, content: string): Decoder {
  const find = regexOrString(pattern);
  return {
    config: { type: 'Replace', pattern, content },
    decode: (tokens) =>
      tokens.map((token) =>
        find(token)
          .map(({ start, end, matched }) => (matched ? content : token.slice(start, end)))
          .join(''),
      ),
  };
}
