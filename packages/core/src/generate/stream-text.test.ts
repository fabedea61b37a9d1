import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { streamText } from './stream-text.ts';

const utf8 = new TextEncoder();

/** Pushes `bytes` in pieces cut at `cuts`. */
function inPieces(bytes: Uint8Array, cuts: readonly number[], stops: readonly string[] = []) {
  const stream = streamText(stops);
  const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  const texts: string[] = [];
  for (let i = 1; i < edges.length; i++) {
    const { text, stopped } = stream.push(bytes.slice(edges[i - 1], edges[i]));
    texts.push(text);
    if (stopped) break;
  }
  return [...texts, stream.end()];
}

describe('stream of text', () => {
  test('is the whole text however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.array(fc.nat()), (text, cuts) => {
        expect(inPieces(utf8.encode(text), cuts).join('')).toBe(text);
      }),
    );
  });

  test('never shows half a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.array(fc.nat()), (text, cuts) => {
        const clean = text.toWellFormed();
        for (const piece of inPieces(utf8.encode(clean), cuts)) {
          expect(piece.isWellFormed()).toBe(true);
          if (!clean.includes('\uFFFD')) expect(piece).not.toContain('\uFFFD');
        }
      }),
    );
  });

  test('ends before the first stop string however the bytes are cut', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '字'), maxLength: 30 });
    const stop = fc.string({ unit: fc.constantFrom('a', 'b', 'é'), minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(
        letters,
        fc.array(stop, { minLength: 1, maxLength: 3 }),
        fc.array(fc.nat()),
        (text, stops, cuts) => {
          const bytes = utf8.encode(text);
          const byByte = inPieces(bytes, [...bytes.keys()], stops).join('');
          const first = Math.min(...stops.map((s) => text.indexOf(s)).filter((at) => at >= 0), text.length);
          // Byte by byte the stop that is complete first wins; in larger pieces the one that begins first.
          expect(text.startsWith(inPieces(bytes, cuts, stops).join(''))).toBe(true);
          for (const s of stops) expect(byByte).not.toContain(s);
          expect(inPieces(bytes, [], stops).join('')).toBe(text.slice(0, first));
          if (stops.length === 1) expect(inPieces(bytes, cuts, stops).join('')).toBe(text.slice(0, first));
        },
      ),
    );
  });

  test('damaged bytes become replacement characters, as a whole', () => {
    expect(inPieces(Uint8Array.of(0xe5, 0x61), [1]).join('')).toBe('\uFFFDa');
    expect(inPieces(Uint8Array.of(0x61, 0xe5), [1]).join('')).toBe('a\uFFFD');
  });

  test('an empty stop string is refused', () => {
    expect(() => streamText([''])).toThrow('stop: expected non-empty strings, got ""');
  });
});
