// Replaces every match of a string or a regular expression by a fixed text.
import { type PatternConfig, regexOrString } from '../unicode/pattern-config.ts';
import type { Normalizer } from './normalizer.ts';

export function replace(pattern: PatternConfig, content: string): Normalizer {
  const find = regexOrString(pattern);
  const needle = pattern.String;
  const literal = content.replaceAll('$', '$$$$'); // a plain replacement is faster than a function
  return {
    config: { type: 'Replace', pattern, content },
    normalize: (text) => {
      if (needle && !text.tracked) text.value = text.value.replaceAll(needle, literal);
      else text.replace(find, content);
    },
  };
}
