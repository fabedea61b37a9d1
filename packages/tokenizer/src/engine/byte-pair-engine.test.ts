// The engine against the slow twin, with learned pieces forgotten again and again.
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { alphabetToBytes } from '../byte-alphabet.ts';
import { readTiktoken } from '../formats/tiktoken.ts';
import { referenceBpe } from '../reference-bpe.ts';
import { CL100K_PATTERN } from '../scanners/known-scanners.ts';
import { trainBpe } from '../trainers/bpe-trainer.ts';
import { PieceCounts } from '../trainers/piece-counts.ts';
import { translateRegex } from '../unicode/translate-regex.ts';
import { encodeUtf8 } from '../unicode/utf8.ts';

const counts = new PieceCounts();
for (const [piece, times] of [
  ['banana', 9],
  [' bandana', 7],
  [' anaconda', 5],
  ['\u65e5\u672c\u8a9e\u65e5\u672c', 6],
  ['    ', 8],
  ['abababababababab', 4],
] as const)
  counts.add(piece, times);
const tokens: Uint8Array[] = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
for (const [left, right] of trainBpe(counts, { vocabSize: 300 }).merges)
  tokens.push(alphabetToBytes(left + right) as Uint8Array);
const ranks = tokens.map((bytes, id) => `${btoa(String.fromCharCode(...bytes))} ${id}`).join('\n');
const rankOf = new Map(tokens.map((bytes, id) => [bytes.join(), id]));
const pattern = new RegExp(translateRegex(CL100K_PATTERN).source, 'gv');

function slow(text: string): number[] {
  return [...text.matchAll(pattern)].flatMap(([piece]) => {
    const bytes = encodeUtf8(piece);
    const whole = rankOf.get(bytes.join());
    return whole === undefined ? referenceBpe(bytes, (part) => rankOf.get(part.join())) : [whole];
  });
}

const atoms = [
  'banana',
  ' band',
  'ana',
  'abab',
  'ab',
  ' ',
  '\n',
  '\u65e5',
  '\u672c\u8a9e',
  'conda',
  'x',
  ',',
  '1',
];
const text = fc.array(fc.constantFrom(...atoms), { maxLength: 40 }).map((parts) => parts.join(''));

for (const kernels of ['with kernels', 'in JavaScript'])
  describe(`byte-pair engine ${kernels}`, () => {
    // Kernels are opened when the first text comes.
    const open = (cacheBytes?: number) => {
      if (kernels === 'in JavaScript') vi.stubGlobal('WebAssembly', undefined);
      const tokenizer = readTiktoken(ranks, {
        pattern: 'cl100k',
        ...(cacheBytes !== undefined && { cacheBytes }),
      });
      tokenizer.encode('x');
      return tokenizer;
    };
    afterEach(() => {
      vi.unstubAllGlobals();
    });

    for (const cacheBytes of [0, 24, 400, 1 << 22]) {
      it(`ids are those of the slow twin, at first sight and later, with ${cacheBytes} bytes of memory`, () => {
        const tokenizer = open(cacheBytes);
        fc.assert(
          fc.property(text, (t) => {
            const expected = slow(t);
            expect(tokenizer.encode(t)).toEqual(expected);
            expect(tokenizer.encode(t)).toEqual(expected);
            expect(tokenizer.count(t)).toBe(expected.length);
          }),
          { numRuns: 600 },
        );
      });
    }

    it('texts of more pieces than a scanner cuts at once are encoded whole', () => {
      const tokenizer = open();
      const long = Array.from({ length: 4000 }, (_, i) => atoms[(i * i + 7 * i) % atoms.length]).join('');
      const expected = slow(long);
      expect(tokenizer.encode(long)).toEqual(expected);
      for (const limit of [0, 1, 511, 512, 513, expected.length - 1, expected.length, expected.length + 1])
        expect(tokenizer.isWithinLimit(long, limit)).toBe(limit >= expected.length ? expected.length : false);
    });

    it('a limit is answered at once for a text of more bytes than so many tokens can have', () => {
      const tokenizer = open();
      expect(tokenizer.isWithinLimit('banana '.repeat(1e6), 5)).toBe(false);
    });
  });
