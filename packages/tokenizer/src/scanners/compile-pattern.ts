// Regular expressions of pre-tokenizers as patterns: the well-known ones on their scanners, which are linear; others on the engine's RegExp.
import type { Pattern, PatternMatch } from '../aligned-text.ts';
import { TextBuffer } from '../engine/text-buffer.ts';
import { regexPattern } from '../patterns.ts';
import { type RegexFlavor, translateRegex } from '../unicode/translate-regex.ts';
import { charLength, type Scanner } from './character-classes.ts';
import { knownScanner } from './known-scanners.ts';

const compiled = new Map<string, Pattern>();

/** The pattern of an expression's source; compiled once. */
export function compilePattern(source: string, flavor: RegexFlavor = 'oniguruma'): Pattern {
  const key = `${flavor}:${source}`;
  let pattern = compiled.get(key);
  if (pattern === undefined) {
    const scanner = knownScanner(source);
    pattern = scanner === undefined ? regexPattern(translateRegex(source, flavor)) : scannerPattern(scanner);
    compiled.set(key, pattern);
  }
  return pattern;
}

/** A scanner as a pattern on strings: every piece is a match. */
export function scannerPattern(scanner: Scanner): Pattern {
  const buffer = new TextBuffer();
  const ends = new Int32Array(256);
  return (text) => {
    const end = buffer.setText(text);
    const { bytes } = buffer;
    const matches: PatternMatch[] = [];
    let unit = 0;
    for (let at = 0; at < end; ) {
      const count = scanner(buffer, at, end, ends);
      for (let i = 0; i < count; i++) {
        const start = unit;
        while (at < ends[i]) {
          const length = charLength(bytes[at]);
          unit += length === 4 ? 2 : 1;
          at += length;
        }
        matches.push({ start, end: unit, matched: true });
      }
    }
    buffer.release();
    return matches;
  };
}
