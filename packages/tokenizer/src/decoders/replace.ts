// Replaces every match in each token.
import { type PatternConfig, regexOrString } from '../unicode/pattern-config.ts';
import { type Decoder, eachToken } from './decoder.ts';

export function replaceDecoder(pattern: PatternConfig, content: string): Decoder {
  const find = regexOrString(pattern);
  const needle = pattern.Regex === undefined ? pattern.String : undefined;
  return {
    config: { type: 'Replace', pattern, content },
    ...eachToken((token) => {
      if (needle) return token.replaceAll(needle, () => content);
      return find(token)
        .map(({ start, end, matched }) => (matched ? content : token.slice(start, end)))
        .join('');
    }),
  };
}
