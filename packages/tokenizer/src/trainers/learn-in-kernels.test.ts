// The kernels against their twin without WebAssembly: the same tokens, merges and reports, whatever is asked.
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { BpeTrainerOptions } from './bpe-options.ts';
import { trainBpe } from './bpe-trainer.ts';
import { learnInKernels } from './learn-in-kernels.ts';
import { learnInScript } from './learn-in-script.ts';
import { PieceCounts } from './piece-counts.ts';
import type { TrainingProgress } from './training-options.ts';

const unit = fc.constantFrom('a', 'b', 'a', '#', ' ', '\u00e9', '\u4e2d', '\ud83d\ude00');
const times = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 9 }) },
  fc.constantFrom(0.5, 2.25, 65_535, 65_536, 70_000, 2 ** 40, 0),
);
const corpus = fc.array(fc.tuple(fc.string({ unit, minLength: 1, maxLength: 14 }), times), {
  minLength: 1,
  maxLength: 40,
});
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const options = fc
  .record({
    vocabSize: fc.constantFrom(3, 258, 270, 340, 100_000),
    symbols: maybe(fc.constantFrom('bytes' as const, 'characters' as const)),
    ties: maybe(fc.constantFrom('least-ids' as const, 'greatest-bytes' as const)),
    minFrequency: maybe(fc.constantFrom(0, 1, 2, 2.5, 70_000)),
    maxTokenLength: maybe(fc.constantFrom(2, 3, 5)),
    specialTokens: maybe(
      fc.array(fc.constantFrom('ab', 'aa', '##', '<s>', '', '\u4e2d', '\u0120a', '\ud800'), { maxLength: 3 }),
    ),
    continuingSubwordPrefix: maybe(fc.constantFrom('', '##', '#', 'a')),
    endOfWordSuffix: maybe(fc.constantFrom('', '</w>', 'b')),
    limitAlphabet: maybe(fc.constantFrom(1, 3)),
  })
  .map(
    (all) =>
      Object.fromEntries(
        Object.entries(all).filter(([, value]) => value !== undefined),
      ) as unknown as BpeTrainerOptions,
  );

function countsOf(words: readonly (readonly [string, number])[]): PieceCounts {
  const counts = new PieceCounts();
  for (const [text, count] of words) counts.add(text, count);
  return counts;
}

/** Words of a few letters, and runs of one. */
function sentences(seed: number, length: number): PieceCounts {
  const counts = new PieceCounts();
  let state = seed;
  const draw = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let i = 0; i < length; i++) {
    let word = '';
    for (let k = 1 + draw(12); k > 0; k--) word += 'abcab \n'[draw(7)];
    const run = 'ab'.slice(0, 1 + draw(2)).repeat(1 + draw(40));
    counts.add(draw(4) === 0 ? run : word, 1 + draw(4));
  }
  return counts;
}

describe('merges learned in WebAssembly', () => {
  it('are those learned without', () => {
    fc.assert(
      fc.property(corpus, options, (words, told) => {
        const counts = countsOf(words);
        const learned = learnInKernels(counts, told);
        if (told.specialTokens?.includes('\ud800') === true) expect(learned).toBeUndefined();
        else expect(learned).toEqual({ ...learnInScript(counts, told), isWhole: true });
      }),
      { numRuns: 300 },
    );
  });

  it('are those learned without on thousands of words, to the last pair', () => {
    for (const ties of ['least-ids', 'greatest-bytes'] as const) {
      for (const seed of [1, 2, 3]) {
        const counts = sentences(seed, 3000);
        // What is cut off the right token makes many merges give a token that is there already.
        for (const continuingSubwordPrefix of ['', 'a', 'ab']) {
          const told: BpeTrainerOptions = { vocabSize: 1e9, ties, minFrequency: 0, continuingSubwordPrefix };
          const twin = learnInScript(counts, told);
          const again = twin.merges.length + 256 - twin.tokens.length;
          expect(again > 100).toBe(continuingSubwordPrefix !== '');
          expect(learnInKernels(counts, told)).toEqual({ ...twin, isWhole: true });
        }
      }
    }
  });

  it('are those learned without when an alphabet is wide', () => {
    const counts = new PieceCounts();
    for (let i = 0; i < 3000; i++)
      counts.add(
        String.fromCodePoint(0x4e00 + (i % 1500), 0x4e00 + ((i * 7) % 1100), 0x4e00 + (i % 13)),
        1 + (i % 5),
      );
    const told: BpeTrainerOptions = { vocabSize: 1e6, symbols: 'characters' };
    expect(learnInKernels(counts, told)).toEqual({ ...learnInScript(counts, told), isWhole: true });
  });

  it('go on from earlier ones, neighbours or not, and report as often', () => {
    fc.assert(
      fc.property(corpus, fc.nat(400), (words, stop) => {
        const counts = countsOf(words);
        const merges = learnInScript(sentences(words.length, 300), { vocabSize: 600 }).merges.slice(0, stop);
        const reports = [learnInKernels, learnInScript].map((learn) => {
          const seen: TrainingProgress[] = [];
          const learned = learn(counts, {
            vocabSize: 800,
            resume: merges,
            onProgress: (progress) => seen.push(progress),
          });
          return [learned?.tokens, learned?.merges, seen];
        });
        expect(reports[0]).toEqual(reports[1]);
      }),
      { numRuns: 40 },
    );
  });

  it('stop at a signal that comes while they are learned', () => {
    const stop = new AbortController();
    const calls: number[] = [];
    expect(() =>
      learnInKernels(sentences(5, 3000), {
        vocabSize: 1e6,
        signal: stop.signal,
        onProgress: ({ done }) => {
          calls.push(done);
          if (done === 512) stop.abort(new Error('enough'));
        },
      }),
    ).toThrow('enough');
    expect(calls).toEqual([0, 256, 512]);
  });

  it('are right as far as they go when the memory is full, and the twin goes on from there', () => {
    const counts = sentences(7, 3000);
    const told: BpeTrainerOptions = { vocabSize: 1e6 };
    const whole = learnInScript(counts, told);
    const reached = new Set<number>();
    for (let pages = 8; pages < 64; pages++) {
      const learned = learnInKernels(counts, told, pages);
      reached.add(learned?.merges.length ?? -1);
      if (learned === undefined) continue;
      expect(learned.merges).toEqual(whole.merges.slice(0, learned.merges.length));
      expect(learned.isWhole).toBe(learned.merges.length === whole.merges.length);
      if (!learned.isWhole) expect(learnInScript(counts, { ...told, resume: learned.merges })).toEqual(whole);
    }
    expect(reached.has(-1)).toBe(true);
    expect(reached.has(whole.merges.length)).toBe(true);
    expect(reached.size).toBeGreaterThan(3);
  });

  it('a piece that is too long for the kernels is learned by the twin', () => {
    const counts = countsOf([['ab'.repeat(40_000), 1]]);
    const told: BpeTrainerOptions = { vocabSize: 300 };
    expect(learnInKernels(counts, told)).toBeUndefined();
    expect(trainBpe(counts, told)).toEqual(learnInScript(counts, told));
  });

  it('are learned by the twin where WebAssembly is refused', () => {
    const counts = countsOf([['abab', 3]]);
    const told: BpeTrainerOptions = { vocabSize: 300 };
    vi.stubGlobal('WebAssembly', undefined);
    try {
      expect(learnInKernels(counts, told)).toBeUndefined();
      expect(trainBpe(counts, told)).toEqual(learnInScript(counts, told));
    } finally {
      vi.unstubAllGlobals();
    }
  });
});
