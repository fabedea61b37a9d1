// Each scanner against its regular expression, on text from nasty atoms and from every plane.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openSplitKernels } from '../engine/encoding-kernels.ts';
import { TextBuffer } from '../engine/text-buffer.ts';
import { regexPattern } from '../patterns.ts';
import { translateRegex } from '../unicode/translate-regex.ts';
import type { Scanner } from './character-classes.ts';
import { cl100kScanner } from './cl100k-scanner.ts';
import { scannerPattern } from './compile-pattern.ts';
import { gpt2Scanner } from './gpt2-scanner.ts';
import {
  CL100K_PATTERN,
  GPT2_PATTERN,
  knownScanner,
  O200K_PATTERN,
  QWEN2_PATTERN,
  TEKKEN_PATTERN,
} from './known-scanners.ts';

const ATOMS = [
  ...[
    'a',
    'Z',
    'sS',
    'DON',
    "'",
    "'s",
    "'S",
    "'\u017f",
    "'ll",
    "'LL",
    "'vE",
    "'r",
    ' ',
    '  ',
    '\n',
    '\r\n',
    '\t',
    '0',
    '12',
    '\u0660',
  ],
  ...[
    '\u00a0',
    '\u0085',
    '\ufeff',
    '\u3000',
    '\u0301',
    '\u0e31',
    '.',
    '/',
    '//',
    '...',
    '\u3002',
    '\u65e5',
    '\u672c',
    '\u0647',
    '\ud83d\ude00',
  ],
  ...[
    '\u200d',
    '\ud83c\uddea',
    '\u01c5',
    '\u02b0',
    '\u2160',
    '\u00bd',
    '\u0130',
    '\0',
    '\u00df',
    '\ud835\udc00',
    '\u2028',
    '<',
    '|',
    '_',
  ],
];
const text = fc.oneof(
  fc.array(fc.constantFrom(...ATOMS), { maxLength: 14 }).map((a) => a.join('')),
  fc.string({ unit: 'binary', maxLength: 20 }),
);

describe('scanners', () => {
  const patterns = { GPT2_PATTERN, CL100K_PATTERN, QWEN2_PATTERN, O200K_PATTERN, TEKKEN_PATTERN };
  for (const [name, source] of Object.entries(patterns)) {
    it(`${name} cuts as its regular expression`, () => {
      const slow = regexPattern(translateRegex(source));
      const fast = scannerPattern(knownScanner(source)!);
      fc.assert(
        fc.property(text, (t) => {
          expect(fast(t)).toEqual(slow(t));
        }),
        { numRuns: 4000 },
      );
    });
  }

  it('every way of writing a pattern has the scanner of one that cuts alike', () => {
    const possessive =
      "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}+| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s++$|\\s*[\\r\\n]|\\s+(?!\\S)|\\s";
    const slow = regexPattern(translateRegex(possessive, 'rust'));
    const fast = scannerPattern(knownScanner(possessive)!);
    fc.assert(
      fc.property(text, (t) => {
        expect(fast(t)).toEqual(slow(t));
      }),
      { numRuns: 4000 },
    );
  });

  const scanners: Record<string, Scanner> = {
    ...Object.fromEntries(Object.entries(patterns).map(([name, source]) => [name, knownScanner(source)!])),
    'digits alone': gpt2Scanner(true),
    'white space whole at the end': cl100kScanner(3, true),
  };
  for (const [name, scanner] of Object.entries(scanners)) {
    for (const most of [3, 512]) {
      it(`${name} cuts alike in WebAssembly, ${most} pieces at a time`, () => {
        const kernels = openSplitKernels(scanner.kernel!)!;
        const buffer = new TextBuffer();
        const start = kernels.allocate(1 << 16);
        const target = kernels.allocate(most * 4);
        const ends = new Int32Array(most);
        fc.assert(
          fc.property(
            fc.oneof(
              text,
              fc.array(text, { maxLength: 12 }).map((parts) => parts.join('')),
            ),
            (t) => {
              const end = buffer.setText(t);
              const memory = new Uint8Array(kernels.memory.buffer);
              memory.set(buffer.bytes.subarray(0, end), start);
              memory.fill(0, start + end, start + end + 64);
              for (let at = 0; at < end; ) {
                const count = scanner(buffer, at, end, ends);
                expect(kernels.scan(start + at, start + end, target, most)).toBe(count);
                const found = new Uint32Array(kernels.memory.buffer, target, count);
                expect(Array.from(found, (place) => place - start)).toEqual([...ends.subarray(0, count)]);
                at = ends[count - 1];
              }
            },
          ),
          { numRuns: 2500 },
        );
      });
    }
  }
});
