// What Oniguruma (through Hugging Face's tokenizers 0.23) says of empty matches and of the beginnings of lines.
import { describe, expect, it } from 'vitest';
import { AlignedText } from './aligned-text.ts';
import { normalizerFromJson } from './formats/stages-from-json.ts';

const replaced = (Regex: string, text: string): string => {
  const part = AlignedText.from(text, true);
  normalizerFromJson({ type: 'Replace', pattern: { Regex }, content: '#' }).normalize(part);
  return part.value;
};

describe('patterns', () => {
  it('a line begins behind a newline unless the text ends there', () => {
    expect(replaced('^', 'a\nb\n')).toBe('#a\n#b\n');
    expect(replaced('^\\s*', 'll\r\n')).toBe('#ll\r\n');
    expect(replaced('$', 'a\n')).toBe('a#\n#');
  });

  it('no line begins or ends between two surrogates', () => {
    for (const regex of ['^', '\\A', '^\\s*'])
      expect(replaced(regex, 'x\u{1f600}\u{1f600}')).toBe('#x\u{1f600}\u{1f600}');
    for (const regex of ['$', '\\z', '\\Z'])
      expect(replaced(regex, 'x\u{1f600}\u{1f600}')).toBe('x\u{1f600}\u{1f600}#');
  });

  it('nothing matches in an empty text', () => {
    for (const regex of ['^', '$', 'x*', '\\s*$']) expect(replaced(regex, '')).toBe('');
  });
});
