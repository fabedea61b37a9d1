// Inputs that hang or break other tokenizers: megabyte words, lone surrogates, NUL, BOM, every plane of Unicode. Nothing here is timed; a quadratic
// algorithm would run into the test's time limit.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTiktoken, writeTiktoken } from './formats/tiktoken.ts';
import { readTokenizerBin, writeTokenizerBin } from './formats/tokenizer-bin.ts';
import { readTokenizerJson, writeTokenizerJson } from './formats/tokenizer-json.ts';
import type { Tokenizer } from './tokenizer.ts';
import { trainBpe } from './trainers/bpe-trainer.ts';
import { PieceCounts } from './trainers/piece-counts.ts';
import { trainUnigram } from './trainers/unigram-trainer.ts';
import { concatBytes } from './unicode/concat-bytes.ts';
import { encodeUtf8 } from './unicode/utf8.ts';

const counts = new PieceCounts();
for (const [word, times] of Object.entries({
  '\u2581the': 9,
  '\u2581then': 4,
  '\u2581there': 5,
  aaaa: 3,
  '\u2581\u2581': 2,
  '\u65e5\u672c': 4,
  ing: 3,
  '====': 3,
})) {
  counts.add(word, times);
}

/** SentencePiece-like: characters, bytes as fallback, scores by the order of learning. */
function scored(): Tokenizer {
  const { tokens } = trainBpe(counts, { vocabSize: 60, symbols: 'characters' });
  const bytes = Array.from({ length: 256 }, (_, b) => `<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`);
  const texts = ['<unk>', '\n<s>\n', '\n</s>\n', ...bytes, ...tokens.map((t) => t.replaceAll('\u2581', ' '))];
  const parts = texts.map((text, id) => {
    const content = encodeUtf8(text);
    const head = new DataView(new ArrayBuffer(8));
    head.setFloat32(0, id < 259 ? 0 : -id, true);
    head.setInt32(4, content.length, true);
    return concatBytes([new Uint8Array(head.buffer), content]);
  });
  return readTokenizerBin(concatBytes([new Uint8Array(4), ...parts]));
}

function ranked(): Tokenizer {
  const bytes = Array.from({ length: 256 }, (_, b) => `${btoa(String.fromCharCode(b))} ${b}`);
  const more = ['aa', 'aaaa', '  ', '    ', '\n\n', '==', '====', 'th', 'the'].map(
    (t, i) => `${btoa(t)} ${256 + i}`,
  );
  return readTiktoken([...bytes, ...more].join('\n'), { pattern: 'o200k' });
}

const kinds: Record<string, Tokenizer> = {
  ranks: ranked(),
  scores: scored(),
  merges: readTokenizerJson(writeTokenizerJson(scored())),
  unigram: readTokenizerJson({
    normalizer: { type: 'Replace', pattern: { String: ' ' }, content: '\u2581' },
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        { type: 'Replace', pattern: { String: '\u2581' }, content: ' ' },
      ],
    },
    model: {
      type: 'Unigram',
      unk_id: 0,
      byte_fallback: true,
      vocab: trainUnigram(counts, {
        vocabSize: 300,
        specialTokens: Array.from(
          { length: 256 },
          (_, b) => `<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`,
        ),
      }).pieces,
    },
  }),
};

const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, '\ufffd');
// SentencePiece's visible space is not told from a space; and a Unigram vocabulary takes a spelled-out byte token for the byte, as the reference does.
const survives = (text: string): boolean => !text.includes('\u2581') && !text.includes('<0x');

describe('robustness', () => {
  const million: Record<string, string> = {
    'one letter': 'a'.repeat(1 << 20),
    spaces: ' '.repeat(1 << 20),
    newlines: '\n'.repeat(1 << 20),
    'equal signs': '='.repeat(1 << 20),
    ideographs: '\u65e5\u672c'.repeat(1 << 18),
    emoji: '\ud83d\udc68\u200d\ud83d\udc69'.repeat(1 << 16),
    mixed: 'aAthe\u65e5=='.repeat(1 << 16),
  };
  for (const [name, tokenizer] of Object.entries(kinds)) {
    for (const [kind, whole] of Object.entries(million)) {
      const text = name === 'ranks' ? whole : whole.slice(0, whole.length >> 2);
      it(`${name}: ${name === 'ranks' ? 'a megabyte' : 'a quarter megabyte'} of ${kind} comes back`, () => {
        expect(tokenizer.decode(tokenizer.encode(text), { skipSpecialTokens: true }) === text).toBe(true);
      });
    }

    it(`${name}: any UTF-16 comes back, lone surrogates as U+FFFD`, () => {
      const units = fc
        .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 30 })
        .map((u) => String.fromCharCode(...u));
      const nasty = fc.array(
        fc.constantFrom(
          '\0',
          '\ufeff',
          '\ud800',
          '\udfff',
          '\u0301',
          ' ',
          '\n',
          'a',
          '\u65e5',
          '<0x41>',
          '<s>',
        ),
        { maxLength: 12 },
      );
      fc.assert(
        fc.property(
          fc.oneof(
            units,
            nasty.map((a) => a.join('')),
            fc.string({ unit: 'binary' }),
          ),
          (text) => {
            fc.pre(survives(text));
            expect(tokenizer.decode(tokenizer.encode(text), { skipSpecialTokens: true })).toBe(
              wellFormed(text),
            );
          },
        ),
        { numRuns: 400 },
      );
    });

    it(`${name}: the fast path equals the general path`, () => {
      const words = fc.array(
        fc.constantFrom(
          'the',
          'then',
          ' there',
          'aa',
          'aaaaa',
          '  ',
          '\u65e5\u672c',
          '\u672c\u65e5',
          '=',
          '\u00e9',
          '\ud83d\ude00',
          ' ',
          '\u2581',
        ),
        { maxLength: 60 },
      );
      fc.assert(
        fc.property(words, (parts) => {
          const text = parts.join('');
          expect(tokenizer.encode(text)).toEqual(tokenizer.encodeDetailed(text).ids);
        }),
        { numRuns: 300 },
      );
    });

    it(`${name}: written as tokenizer.json and read again it is the same tokenizer`, () => {
      const again = readTokenizerJson(JSON.stringify(writeTokenizerJson(tokenizer)));
      fc.assert(
        fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
          expect(again.encode(text)).toEqual(tokenizer.encode(text));
        }),
        { numRuns: 200 },
      );
    });
  }

  it('a ten-megabyte word comes back', () => {
    const text = 'aaab'.repeat(2_500_000);
    expect(kinds.ranks.decode(kinds.ranks.encode(text)) === text).toBe(true);
  });

  it('rank files and llama2.c files are written as they were read', () => {
    const lines = writeTiktoken(kinds.ranks);
    expect(writeTiktoken(readTiktoken(lines, { pattern: 'o200k' }))).toBe(lines);
    const bytes = writeTokenizerBin(kinds.scores);
    expect(writeTokenizerBin(readTokenizerBin(bytes))).toEqual(bytes);
    expect(() => writeTokenizerBin(kinds.ranks)).toThrow(TypeError);
    expect(() => writeTiktoken(kinds.scores)).toThrow(TypeError);
  });

  it('an unknown stage is refused by its name', () => {
    const model = { type: 'WordLevel', vocab: { a: 0 }, unk_token: 'a' };
    for (const stage of ['normalizer', 'pre_tokenizer', 'post_processor', 'decoder']) {
      expect(() => readTokenizerJson({ model, [stage]: { type: 'Mystery' } })).toThrow(
        `${stage}: the type "Mystery" is not known`,
      );
    }
    expect(() => readTokenizerJson({ model: { type: 'Mystery' } })).toThrow(
      'the type "Mystery" is not known',
    );
  });

  it('a file that is cut off is refused', () => {
    const bytes = writeTokenizerBin(kinds.scores);
    expect(() => readTokenizerBin(bytes.slice(0, -1))).toThrow(RangeError);
    expect(() => readTiktoken('YQ==', { pattern: 'gpt2' })).toThrow(RangeError);
    expect(() => readTiktoken('YQ== 0\n', { pattern: 'gpt2' })).toThrow('a token for every byte');
  });
});
