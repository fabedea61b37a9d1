// tokenizer.json's patterns: {"String": "..."} or {"Regex": "..."}.
import type { Pattern } from '../aligned-text.ts';
import { regexPattern, stringPattern } from '../patterns.ts';
import { translateRegex } from './translate-regex.ts';

/** A pattern as tokenizer.json writes it: one of the two fields. */
export interface PatternConfig {
  readonly String?: string;
  readonly Regex?: string;
}

/** The pattern that a config describes. */
export function regexOrString(pattern: PatternConfig): Pattern {
  if (pattern.Regex !== undefined) return regexPattern(translateRegex(pattern.Regex));
  if (pattern.String !== undefined) return stringPattern(pattern.String);
  throw new TypeError(`pattern: expected {"String": ...} or {"Regex": ...}, got ${JSON.stringify(pattern)}`);
}
