// The text of bytes against the engine's own decoder: well-formed text of every plane, and bytes that are none.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeUtf8, encodeUtf8 } from '../unicode/utf8.ts';
import { BytesToText } from './bytes-to-text.ts';

const reader = new BytesToText();

function read(source: Uint8Array): string {
  // Bytes of another text lie behind
  const bytes = new Uint8Array(source.length + 8).fill(0xbf);
  bytes.set(source);
  return reader.decode(bytes, new DataView(bytes.buffer), source.length);
}

const characters = fc.constantFrom('a', 'bcde', '\0', '\x7f', '\x80', '\u07ff', '\u0800', '\ufeff', '\uffff');
const scripts = fc.constantFrom('\u00e9', '\u0434\u0430', '\u65e5\u672c', '\ud800\udc00', '\udbff\udfff');
const text = fc
  .array(fc.oneof(characters, scripts, fc.string({ unit: 'binary', maxLength: 6 })), { maxLength: 60 })
  .map((parts) => parts.join('').toWellFormed());
const broken = fc.constantFrom(
  ...[[0x80], [0xc0, 0x80], [0xc1, 0xbf], [0xc3], [0xe3, 0x81], [0xe0, 0x9f, 0xbf], [0xed, 0xa0, 0x80]],
  ...[
    [0xf0, 0x9f, 0x98],
    [0xf0, 0x8f, 0xbf, 0xbf],
    [0xf4, 0x90, 0x80, 0x80],
    [0xf8, 0x88, 0x80, 0x80],
    [0xff],
  ],
);

describe('the text of bytes', () => {
  it('is that of the decoder of the engine, for well-formed text', () => {
    fc.assert(
      fc.property(text, (t) => {
        expect(read(encodeUtf8(t))).toBe(t);
      }),
      { numRuns: 3000 },
    );
  });

  it('is that of the decoder of the engine, for ill-formed bytes anywhere', () => {
    fc.assert(
      fc.property(text, broken, text, fc.nat(6), (before, bytes, after, cut) => {
        const whole = [...encodeUtf8(before), ...bytes, ...encodeUtf8(after)];
        const source = Uint8Array.from(whole.slice(0, Math.max(0, whole.length - cut)));
        expect(read(source)).toBe(decodeUtf8(source));
      }),
      { numRuns: 3000 },
    );
  });

  it('is that of the decoder of the engine, for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 40, maxLength: 80 }), (source) => {
        expect(read(source)).toBe(decodeUtf8(source));
      }),
      { numRuns: 3000 },
    );
  });

  it('of a text longer than what stays allocated is whole, and so is that of the next', () => {
    const long = '\u65e5\u672c\u8a9e a'.repeat(300_000);
    expect(read(encodeUtf8(long)) === long).toBe(true);
    expect(read(encodeUtf8('\u00e9'.repeat(50)))).toBe('\u00e9'.repeat(50));
  });
});
