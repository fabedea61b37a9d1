// The kernels against the engine in JavaScript: vocabularies that were learned and arbitrary ones, by ranks and by rules, with pieces forgotten again and
// again, pieces of every length, and texts longer than a window.
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { PairTable } from '../models/pair-table.ts';
import { cl100kScanner } from '../scanners/cl100k-scanner.ts';
import { gpt2Scanner } from '../scanners/gpt2-scanner.ts';
import { o200kScanner } from '../scanners/o200k-scanner.ts';
import { encodeUtf8 } from '../unicode/utf8.ts';
import { BytePairEngine, type EngineRules } from './byte-pair-engine.ts';
import { openEncodingKernels } from './encoding-kernels.ts';
import { EngineStretches } from './engine-stretches.ts';
import { KernelStretches, stretchEncoder } from './kernel-stretches.ts';
import type { StretchEncoder } from './stretch-encoder.ts';
import { TokenTable } from './token-table.ts';

const bytes = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
const scanners = {
  gpt2: gpt2Scanner(false),
  cl100k: cl100kScanner(3),
  o200k: o200kScanner(3, true),
};
type Name = keyof typeof scanners;
const names = Object.keys(scanners) as Name[];

/** The kernels, which must be had, and what is to be called when they are not. */
function byKernels(rules: EngineRules, name: Name): StretchEncoder {
  const scanner = scanners[name];
  const never: StretchEncoder = {
    encode: () => expect.unreachable('the fallback was asked'),
    count: () => expect.unreachable('the fallback was asked'),
  };
  return new KernelStretches(() => openEncodingKernels(scanner.kernel!, rules), never);
}
const byEngine = (rules: EngineRules, name: Name): StretchEncoder =>
  new EngineStretches(new BytePairEngine(rules), scanners[name]);

const atoms = ['a', 'b', 'ab', 'aab', 'ba', ' ', ' a', '\n', '\u65e5', '\u672c', '\u00e9', '1', ',', "'s"];
const word = fc.array(fc.constantFrom(...atoms.slice(0, 5)), { minLength: 2, maxLength: 9 });
const chars = fc.array(fc.constantFrom(...atoms), { minLength: 2, maxLength: 5 });
const token = fc.oneof(word, chars).map((parts) => encodeUtf8(parts.join('')));
const tokens = fc
  .uniqueArray(token, { maxLength: 40, selector: (t) => t.join() })
  .map((extra) => [...bytes, ...extra.filter((t) => t.length > 1)]);
const run = fc.tuple(fc.constantFrom(...atoms), fc.oneof(fc.nat(9), fc.constantFrom(60, 130, 300, 700)));
const text = fc.oneof(
  fc.array(fc.constantFrom(...atoms), { maxLength: 40 }).map((parts) => parts.join('')),
  fc.array(run, { maxLength: 5 }).map((runs) => runs.map(([atom, times]) => atom.repeat(times)).join('')),
  fc.string({ unit: 'binary', maxLength: 30 }),
);
const texts = fc.array(text, { minLength: 1, maxLength: 6 });
const cache = fc.constantFrom(0, 40, 300, 1 << 22);

function expectEqual(rules: EngineRules, name: Name, all: readonly string[]): void {
  const fast = byKernels(rules, name);
  const slow = byEngine({ ...rules, cacheBytes: 0 }, name);
  for (const [i, t] of [...all, ...all].entries()) {
    const prefix = i % 3 === 0 ? 1 : 0;
    const ids = slow.encode(t, prefix);
    expect(fast.encode(t, prefix)).toEqual(ids);
    expect(fast.count(t, prefix, Number.POSITIVE_INFINITY)).toBe(ids.length);
    for (const limit of [0, ids.length - 1, ids.length])
      if (limit >= 0 && t !== '') expect(fast.count(t, prefix, limit) <= limit).toBe(ids.length <= limit);
  }
}

describe('encoding by kernels', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  for (const name of names) {
    it(`is merging by ranks, whatever the tokens are (${name})`, () => {
      fc.assert(
        fc.property(tokens, texts, cache, (all, some, cacheBytes) => {
          expectEqual({ table: TokenTable.from(all), wholePieces: true, cacheBytes }, name, some);
        }),
        { numRuns: 120 },
      );
    });
  }

  it('is merging by rules, in whatever order they come and whether or not whole pieces are tokens', () => {
    const choice = fc.tuple(fc.nat(), fc.nat(), fc.integer({ min: 0, max: 90 }));
    const choices = fc.array(choice, { maxLength: 40 });
    fc.assert(
      fc.property(choices, fc.boolean(), texts, cache, (chosen, wholePieces, some, cacheBytes) => {
        const all = [...bytes];
        const usable = [97, 98, 32, 0xe6, 0x97, 0xa5];
        const pairs = new PairTable(16);
        const ranks = new Set<number>();
        for (const [a, b, rank] of chosen) {
          const left = usable[a % usable.length];
          const right = usable[b % usable.length];
          const joined = Uint8Array.of(...all[left], ...all[right]);
          if (joined.length > 14 || ranks.has(rank) || pairs.lookUp(left, right) >= 0) continue;
          let id = all.findIndex((t) => t.join() === joined.join());
          if (id < 0) {
            id = all.push(joined) - 1;
            usable.push(id);
          }
          ranks.add(rank);
          pairs.set(left, right, rank, id);
        }
        expectEqual({ table: TokenTable.from(all), pairs, wholePieces, cacheBytes }, 'cl100k', some);
      }),
      { numRuns: 250 },
    );
  });

  const vocabulary = [...bytes, ...['ab', 'aba', ' ab', 'abab', ' a'].map(encodeUtf8)];
  const rules: EngineRules = { table: TokenTable.from(vocabulary), wholePieces: true };

  for (const cacheBytes of [200_000, 1 << 22, 1 << 25]) {
    it(`is the same in tables that grow and forget, with ${cacheBytes} bytes of learned pieces`, () => {
      let state = 1;
      const digit = () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return 'abtnxyz'[state >>> 29] ?? '\u65e5';
      };
      const words = Array.from({ length: 60_000 }, (_, i) =>
        Array.from({ length: 3 + (i % 11) }, digit).join(''),
      );
      const text = [...words, ...words.slice(0, 30_000)].join(' ');
      const expected = byEngine(rules, 'cl100k').encode(text, 0);
      const fast = byKernels({ ...rules, cacheBytes }, 'cl100k');
      expect(fast.encode(text, 0)).toEqual(expected);
      expect(fast.count(text, 0, Number.POSITIVE_INFINITY)).toBe(expected.length);
    });
  }

  it('of a text of many windows is that of the whole, and so is its count', () => {
    const parts = ['ab aba', ' 12 ', 'abab\n', '  ab', '\u65e5\u672c ', '\ud83d\ude00', '\ud800', "b's "];
    const long = Array.from({ length: 400_000 }, (_, i) => parts[(i * i + 3 * i) % parts.length]).join('');
    const ids = byEngine(rules, 'cl100k').encode(long, 1);
    const fast = byKernels(rules, 'cl100k');
    expect(fast.encode(long, 1)).toEqual(ids);
    expect(fast.count(long, 1, Number.POSITIVE_INFINITY)).toBe(ids.length);
    expect(fast.count(long, 1, 100)).toBeGreaterThan(100);
  });

  it('of one word longer than a window is that of the whole, before short texts and behind them', () => {
    const long = 'aba'.repeat(400_000);
    const fast = byKernels(rules, 'cl100k');
    const slow = byEngine(rules, 'cl100k');
    for (const t of ['ab', long, 'ab aba', long.slice(0, 500_000), 'ab aba']) {
      expect(fast.encode(t, 0)).toEqual(slow.encode(t, 0));
      expect(fast.count(t, 0, Number.POSITIVE_INFINITY)).toBe(slow.count(t, 0, Number.POSITIVE_INFINITY));
    }
  });

  it('is left to the engine where there is no WebAssembly, where a page forbids it, and by rules that share a rank', () => {
    const forbidden = {
      Module: class {
        constructor() {
          throw new EvalError('refused by the policy of this page');
        }
      },
      Instance: class {
        constructor() {
          throw new EvalError('refused by the policy of this page');
        }
      },
    };
    for (const global of [undefined, forbidden]) {
      vi.stubGlobal('WebAssembly', global);
      expect(openEncodingKernels(scanners.cl100k.kernel!, rules)).toBeUndefined();
      const stretches = stretchEncoder(new BytePairEngine(rules), scanners.cl100k);
      expect(stretches.encode(' abab c', 0)).toEqual([258, 256, 32, 99]);
      expect(stretches.count(' abab c', 0, 9)).toBe(4);
    }
    vi.unstubAllGlobals();
    const pairs = new PairTable(4);
    pairs.set(97, 98, 7, 256);
    pairs.set(98, 97, 7, 257);
    expect(openEncodingKernels(scanners.cl100k.kernel!, { ...rules, pairs })).toBeUndefined();
    expect(openEncodingKernels(scanners.cl100k.kernel!, rules)).toBeDefined();
  });

  it('goes on by the engine when memory runs out, and by kernels afterwards', () => {
    let opened = 0;
    const open = () => {
      opened++;
      const kernels = openEncodingKernels(scanners.cl100k.kernel!, rules)!;
      return opened > 1 ? kernels : { ...kernels, encode: () => -1, count: () => -1 };
    };
    const stretches = new KernelStretches(open, byEngine(rules, 'cl100k'));
    const expected = byEngine(rules, 'cl100k').encode('ab abab', 0);
    for (let i = 0; i < 3; i++) expect(stretches.encode('ab abab', 0)).toEqual(expected);
    expect(opened).toBe(2);
  });
});
