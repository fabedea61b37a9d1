// Boundaries against asking every token: between two characters that stand side by side in none.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HardBoundaries } from './hard-boundaries.ts';
import { TextBuffer } from './text-buffer.ts';

const letter = fc.constantFrom('a', 'b', 'c', '\u0434', '\u2581', '\u65e5', '\u672c', '\ud83d\ude00');
const word = (most: number) => fc.array(letter, { minLength: 1, maxLength: most }).map((a) => a.join(''));

function cut(boundaries: HardBoundaries, text: string, room: number): string[] {
  const buffer = new TextBuffer();
  const end = buffer.setText(text);
  const ends = new Int32Array(room);
  const parts: string[] = [];
  for (let at = 0; at < end; ) {
    const count = boundaries.scan(buffer, at, end, ends);
    for (let i = 0; i < count; i++) {
      parts.push(new TextDecoder().decode(buffer.bytes.slice(at, ends[i])));
      at = ends[i];
    }
  }
  return parts;
}

function slowCut(tokens: readonly string[], text: string): string[] {
  const parts: string[] = [];
  for (const char of text) {
    const before = [...(parts.at(-1) ?? '')].at(-1);
    if (before !== undefined && tokens.some((token) => token.includes(before + char)))
      parts.push(parts.pop() + char);
    else parts.push(char);
  }
  return parts;
}

describe('hard boundaries', () => {
  it('are where no token has the two characters side by side', () => {
    fc.assert(
      fc.property(
        fc.array(word(4), { maxLength: 12 }),
        word(30),
        fc.integer({ min: 1, max: 9 }),
        (tokens, text, room) => {
          expect(cut(new HardBoundaries(tokens), text, room)).toEqual(slowCut(tokens, text));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('hold for vocabularies of many characters', () => {
    const han = Array.from({ length: 6000 }, (_, i) => String.fromCodePoint(0x4e00 + i));
    const tokens = han.map((char, i) => char + han[(i * 7 + 1) % han.length]);
    const boundaries = new HardBoundaries(tokens);
    expect(cut(boundaries, tokens.slice(0, 300).join('a'), 64)).toEqual(
      slowCut(tokens, tokens.slice(0, 300).join('a')),
    );
  });
});
