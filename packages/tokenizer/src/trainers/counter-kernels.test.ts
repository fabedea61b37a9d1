// Counting in WebAssembly against its twin without, and against cutting line by line.
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import {
  CL100K_PATTERN,
  GPT2_PATTERN,
  knownScanner,
  O200K_PATTERN,
  QWEN2_PATTERN,
  TEKKEN_PATTERN,
} from '../scanners/known-scanners.ts';
import { encodeUtf8, toWellFormed } from '../unicode/utf8.ts';
import { countPieces, pieceCounter } from './count-pieces.ts';
import { kernelCounter } from './counter-kernels.ts';
import { absorb, PieceCounts } from './piece-counts.ts';
import { scriptCounter } from './script-counter.ts';

const patterns = {
  gpt2: GPT2_PATTERN,
  cl100k: CL100K_PATTERN,
  qwen2: QWEN2_PATTERN,
  o200k: O200K_PATTERN,
  tekken: TEKKEN_PATTERN,
};
const atom = fc.oneof(
  fc.constantFrom(
    ...['\n', '\r\n', '\n\n', ' ', '  ', '\t', '\u00a0', '\u3000', "'s", "'LL", '/', '.', '=', '\0', ''],
  ),
  fc.constantFrom(
    'a',
    'Ab',
    'the',
    ' the',
    '\u00e9',
    '\u0130',
    '\u4e2d\u56fd',
    '\ud83d\ude00',
    '\u0301',
    '12345',
    '\u0661',
  ),
  fc.constantFrom('\ud800', '\udc00x', 'x'.repeat(30), '-'.repeat(40), '\u65e5'.repeat(11)),
  fc.string({ unit: 'binary', maxLength: 3 }),
);
const text = fc.array(atom, { maxLength: 60 }).map((atoms) => atoms.join(''));

const listed = (counts: PieceCounts): [string, number][] =>
  [...counts.entries()].map(({ bytes, count }) => [Buffer.from(bytes).toString('hex'), count]);
const sorted = (counts: PieceCounts) => listed(counts).sort(([a], [b]) => (a < b ? -1 : 1));
const linesOf = (document: string): string[] => document.match(/[^\n]*\n|[^\n]+$/g) ?? [];

for (const [name, pattern] of Object.entries(patterns)) {
  describe(`counting in WebAssembly, ${name}`, () => {
    const split = knownScanner(pattern)!.kernel!;

    it('counts what the twin counts, in the same order', () => {
      fc.assert(
        fc.property(
          fc.array(text, { maxLength: 6 }),
          fc.constantFrom(1, 4, 13, 4096),
          (documents, longest) => {
            const counts = new PieceCounts();
            const counter = kernelCounter(split, longest, (contents) => absorb(counts, contents))!;
            const expected = new PieceCounts();
            const twin = scriptCounter(expected, { pattern, maxPieceLength: longest });
            for (const document of documents) {
              expect(counter.add(document)).toBe(true);
              twin.add(document);
            }
            counter.drain();
            expect(listed(counts)).toEqual(listed(expected));
          },
        ),
        { numRuns: 150 },
      );
    });

    it('counts lines as if each were a text, and what is counted later is added', () => {
      fc.assert(
        fc.property(fc.array(text, { maxLength: 6 }), (documents) => {
          const counts = new PieceCounts();
          const counter = pieceCounter(counts, { pattern });
          const expected = new PieceCounts();
          const twin = scriptCounter(expected, { pattern });
          for (const document of documents) {
            counter.addLines(encodeUtf8(document));
            counter.finish();
            for (const line of linesOf(toWellFormed(document))) twin.add(line);
          }
          expect(listed(counts)).toEqual(listed(expected));
        }),
        { numRuns: 100 },
      );
    });
  });
}

describe('counting in little memory', () => {
  const words = Array.from({ length: 20_000 }, (_, i) => `${(i * 7919) % 15_000}x${i % 11}`).join(' ');
  const pattern = GPT2_PATTERN;
  const expected = new PieceCounts();
  scriptCounter(expected, { pattern }).add(words);

  it('gives away what it has and goes on, or leaves the text to the twin', () => {
    const drains = new Set<number>();
    for (let pages = 18; pages < 60; pages += pages < 30 ? 1 : 5) {
      const counts = new PieceCounts();
      let taken = 0;
      const counter = kernelCounter(
        knownScanner(pattern)!.kernel!,
        4096,
        (contents) => {
          taken++;
          absorb(counts, contents);
        },
        pages,
      );
      if (counter?.add(words) !== true) drains.add(-1);
      else {
        counter.drain();
        drains.add(taken);
        expect(sorted(counts)).toEqual(sorted(expected));
      }
    }
    expect(drains.has(-1)).toBe(true);
    expect(drains.has(1)).toBe(true);
    expect(Math.max(...drains)).toBeGreaterThan(2);
  });

  it('where WebAssembly is refused the twin counts', async () => {
    vi.stubGlobal('WebAssembly', undefined);
    try {
      expect(listed(await countPieces([words], { pattern }))).toEqual(listed(expected));
    } finally {
      vi.unstubAllGlobals();
    }
  });
});

describe('what is counted in WebAssembly', () => {
  it('takes more counts, bytes and merges like any other', async () => {
    await fc.assert(
      fc.asyncProperty(text, text, async (a, b) => {
        const pattern = CL100K_PATTERN;
        const first = await countPieces([a], { pattern });
        first.add('the', 2);
        const both = await countPieces([b], { pattern, into: first });
        const expected = new PieceCounts();
        const twin = scriptCounter(expected, { pattern });
        twin.add(a);
        expected.add('the', 2);
        twin.add(b);
        expect(listed(both)).toEqual(listed(expected));
        const again = PieceCounts.fromBytes(both.toBytes());
        again.merge(expected);
        for (const { bytes, count } of expected.entries())
          expect(again.get(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes))).toBe(count * 2);
      }),
      { numRuns: 100 },
    );
  });

  it('a bound of pieces that is none is refused', async () => {
    for (const maxPieceLength of [0, -1, 2.5, Number.NaN])
      await expect(countPieces([], { pattern: GPT2_PATTERN, maxPieceLength })).rejects.toThrow(
        `maxPieceLength: expected an integer >= 1, got ${maxPieceLength}`,
      );
  });
});
