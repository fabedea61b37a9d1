// Laws of the trainers: equal to a trainer that recounts everything, to published merges, and true to their own promises.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alphabetToBytes, BYTE_TO_CHAR } from '../byte-alphabet.ts';
import { unigram } from '../models/unigram.ts';
import { GPT2_PATTERN } from '../scanners/known-scanners.ts';
import type { BpeTrainerOptions } from './bpe-options.ts';
import { trainBpe } from './bpe-trainer.ts';
import { countPieces } from './count-pieces.ts';
import { PieceCounts } from './piece-counts.ts';
import { trainTokenizer } from './train-tokenizer.ts';
import { trainUnigram } from './unigram-trainer.ts';
import { trainWordPiece } from './word-piece-trainer.ts';

const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd', '\u00e9'), minLength: 1, maxLength: 9 });
const corpus = fc.array(fc.tuple(word, fc.integer({ min: 1, max: 9 })), { minLength: 1, maxLength: 25 });

function countsOf(words: readonly (readonly [string, number])[]): PieceCounts {
  const counts = new PieceCounts();
  for (const [text, times] of words) counts.add(text, times);
  return counts;
}

/** Recounts all pairs for every merge. */
function plainMerges(counts: PieceCounts, merges: number, ties: 'least-ids' | 'greatest-bytes'): string[] {
  const order = [...BYTE_TO_CHAR].sort();
  const ids = new Map(order.map((char, id) => [char, id]));
  let words = [...counts.entries()].map(({ bytes, count }) => ({
    parts: Array.from(bytes, (b) => BYTE_TO_CHAR[b]),
    count,
  }));
  const out: string[] = [];
  const bytes = (token: string) => String.fromCharCode(...alphabetToBytes(token)!);
  while (out.length < merges) {
    const pairs = new Map<string, number>();
    for (const { parts, count } of words) {
      for (let i = 0; i + 1 < parts.length; i++) {
        const key = `${parts[i]} ${parts[i + 1]}`;
        pairs.set(key, (pairs.get(key) ?? 0) + count);
      }
    }
    let best: [string, number] | undefined;
    for (const [key, count] of pairs) {
      if (best === undefined || count > best[1]) best = [key, count];
      else if (count === best[1]) {
        const [a, b] = key.split(' ');
        const [x, y] = best[0].split(' ');
        const less = ids.get(a)! - ids.get(x)! || ids.get(b)! - ids.get(y)!;
        const greater = bytes(a) === bytes(x) ? bytes(b) > bytes(y) : bytes(a) > bytes(x);
        if (ties === 'least-ids' ? less < 0 : greater) best = [key, count];
      }
    }
    if (best === undefined) break;
    const [a, b] = best[0].split(' ');
    out.push(best[0]);
    if (!ids.has(a + b)) ids.set(a + b, ids.size);
    words = words.map(({ parts, count }) => {
      const merged: string[] = [];
      for (let i = 0; i < parts.length; i++) {
        if (parts[i] === a && parts[i + 1] === b) {
          merged.push(a + b);
          i++;
        } else merged.push(parts[i]);
      }
      return { parts: merged, count };
    });
  }
  return out;
}

describe('BPE training', () => {
  for (const ties of ['least-ids', 'greatest-bytes'] as const) {
    it(`gives the merges of a trainer that recounts everything, ties to ${ties}`, () => {
      fc.assert(
        fc.property(corpus, (words) => {
          const counts = countsOf(words);
          const { merges } = trainBpe(counts, { vocabSize: 256 + 12, ties });
          expect(merges.map((m) => m.join(' '))).toEqual(plainMerges(counts, merges.length, ties));
        }),
        { numRuns: 150 },
      );
    });
  }

  it('goes on from the merges of an aborted run as if it had not stopped', () => {
    fc.assert(
      fc.property(corpus, fc.nat(8), (words, stop) => {
        const counts = countsOf(words);
        const whole = trainBpe(counts, { vocabSize: 266 });
        expect(trainBpe(counts, { vocabSize: 266, resume: whole.merges.slice(0, stop) })).toEqual(whole);
      }),
      { numRuns: 60 },
    );
  });

  it('stops when the signal says so', () => {
    const signal = AbortSignal.abort(new Error('enough'));
    expect(() => trainBpe(countsOf([['abab', 3]]), { vocabSize: 300, signal })).toThrow('enough');
  });

  it('refuses an option it does not know', () => {
    expect(() =>
      trainBpe(new PieceCounts(), { vocabSize: 300, vocab: 1 } as unknown as BpeTrainerOptions),
    ).toThrow('unknown option vocab');
  });

  const data = join(import.meta.dirname, '../../../../../shared/data/tokenizers/bpe_training');
  it.skipIf(!existsSync(data))('equals the published reference merges', async () => {
    const specialTokens = ['<|endoftext|>'];
    const counts = await countPieces([readFileSync(join(data, 'corpus.en'), 'utf8')], {
      pattern: GPT2_PATTERN,
      specialTokens,
    });
    const { merges } = trainBpe(counts, { vocabSize: 500, specialTokens, ties: 'greatest-bytes' });
    const reference = readFileSync(join(data, 'train-bpe-reference-merges.txt'), 'utf8').trim().split('\n');
    expect(merges.map((m) => m.join(' '))).toEqual(reference);
  });
});

describe('piece counts', () => {
  it('shards merged are the whole, through bytes too', () => {
    fc.assert(
      fc.property(corpus, corpus, (a, b) => {
        const merged = PieceCounts.fromBytes(countsOf(a).toBytes());
        merged.merge(countsOf(b));
        const whole = countsOf([...a, ...b]);
        expect(merged.size).toBe(whole.size);
        for (const [text] of [...a, ...b]) expect(merged.get(text)).toBe(whole.get(text));
      }),
    );
  });

  it('a file that is cut off is refused', () => {
    expect(() =>
      PieceCounts.fromBytes(
        countsOf([['abc', 1]])
          .toBytes()
          .slice(0, -1),
      ),
    ).toThrow(RangeError);
    expect(() => PieceCounts.fromBytes(new Uint8Array(3))).toThrow(RangeError);
  });
});

describe('unigram training', () => {
  it('has the size asked for, every character, scores that fall, and finds stems', () => {
    const words = ['walk', 'talk', 'stalk', 'chalk'].flatMap((stem) =>
      ['', 'ed', 'ing', 's'].map((end): [string, number] => [stem + end, 10]),
    );
    const { pieces, unkId } = trainUnigram(countsOf(words), { vocabSize: 24, specialTokens: ['<s>'] });
    expect(pieces.length).toBeLessThanOrEqual(24);
    expect(pieces[unkId][0]).toBe('<unk>');
    const texts = pieces.map(([t]) => t);
    for (const char of 'walktschednig') expect(texts).toContain(char);
    expect(texts.some((t) => t.endsWith('alk'))).toBe(true);
    const scores = pieces.slice(2).map(([, s]) => s);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    const model = unigram({ pieces, unkId });
    for (const [text] of words) expect(model.tokenize(text).some((t) => t.id === unkId)).toBe(false);
  });

  it('refuses a vocabulary smaller than the alphabet', () => {
    expect(() => trainUnigram(countsOf([['abcdef', 1]]), { vocabSize: 3 })).toThrow(
      'expected at least the 6 characters',
    );
  });
});

describe('trained tokenizers', () => {
  const texts = [
    'the cat sat on the mat',
    'the dog sat on the log',
    'the cats and the dogs then sat there',
    'they sat on that other mat of the other cat',
  ];
  for (const kind of ['bpe', 'unigram', 'word-piece'] as const) {
    it(`${kind}: encodes what it was trained on and decodes it back`, async () => {
      const tokenizer = await trainTokenizer(texts, { kind, vocabSize: 320 });
      for (const text of texts) {
        const ids = tokenizer.encode(text, { addSpecialTokens: false });
        expect(tokenizer.decode(ids)).toBe(text);
        expect(ids.length).toBeLessThan(text.length);
      }
    });
  }

  it('WordPiece marks continuations', () => {
    expect(trainWordPiece(countsOf([['abab', 4]]), { vocabSize: 20 })).toContain('##ab');
  });
});
