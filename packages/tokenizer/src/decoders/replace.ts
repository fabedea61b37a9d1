// Replaces every match in each token.
import { type PatternConfig, regexOrString } from '../unicode/pattern-config.ts';
import type { Decoder } from './decoder.ts';

export function replaceDecoder(pattern: PatternConfig, content: string): Decoder {
  const find = regexOrString(pattern);
  const needle = pattern.Regex === undefined ? pattern.String : undefined;
  return {
    config: { type: 'Replace', pattern, content },
    decode: (tokens) => {
      if (needle)
        return tokens.map((token) =>
          token.includes(needle) ? token.replaceAll(needle, () => content) : token,
        );
      return tokens.map((token) =>
        find(token)
          .map(({ start, end, matched }) => (matched ? content : token.slice(start, end)))
          .join(''),
      );
    },
  };
}
