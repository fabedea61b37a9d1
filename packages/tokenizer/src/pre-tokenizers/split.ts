// Cuts at the matches of a string or regular expression. The well-known expressions (GPT-2, cl100k, o200k, ...) run on linear scanners; others
// on the engine's RegExp after translation.
import type { Pattern, SplitBehavior } from '../aligned-text.ts';
import { invertPattern, stringPattern } from '../patterns.ts';
import { compilePattern } from '../scanners/compile-pattern.ts';
import type { PatternConfig } from '../unicode/pattern-config.ts';
import type { PreTokenizer } from './pre-tokenizer.ts';

export function split(pattern: PatternConfig, behavior: SplitBehavior, invert: boolean): PreTokenizer {
  let find: Pattern;
  if (pattern.Regex !== undefined) find = compilePattern(pattern.Regex);
  else if (pattern.String !== undefined) find = stringPattern(pattern.String);
  else
    throw new TypeError(
      `Split.pattern: expected {"String": ...} or {"Regex": ...}, got ${JSON.stringify(pattern)}`,
    );
  if (invert) find = invertPattern(find);
  return {
    config: { type: 'Split', pattern, behavior, invert },
    split: (piece) => piece.split(find, behavior),
  };
}
