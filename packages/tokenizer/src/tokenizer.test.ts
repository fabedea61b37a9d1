// Laws of the tokenizer object, on small vocabularies of every kind and on arbitrary text.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesToAlphabet } from './byte-alphabet.ts';
import { readTiktoken } from './formats/tiktoken.ts';
import { readTokenizerJson, writeTokenizerJson } from './formats/tokenizer-json.ts';
import { offsetsInBytes, offsetsInCodePoints } from './offsets.ts';
import { referenceBpe } from './reference-bpe.ts';
import type { Tokenizer } from './tokenizer.ts';
import { encodeUtf8 } from './unicode/utf8.ts';

const MERGED = [
  'th',
  'the',
  ' t',
  ' the',
  'in',
  'ing',
  '\n\n',
  '  ',
  '    ',
  'll',
  "'s",
  '12',
  '\u00e9',
  '\ud83d\ude00',
  '\u65e5',
  'aa',
  'aaaa',
  'er',
  'here',
  ' w',
  'or',
];

function rankLines(): string {
  const tokens = Array.from({ length: 256 }, (_, b) => Uint8Array.of(b));
  const seen = new Set(tokens.map(bytesToAlphabet));
  for (const text of MERGED) {
    const bytes = encodeUtf8(text);
    for (let n = 2; n <= bytes.length; n++) {
      const part = bytes.slice(0, n);
      if (!seen.has(bytesToAlphabet(part))) tokens.push(part);
      seen.add(bytesToAlphabet(part));
    }
  }
  return tokens.map((t, rank) => `${btoa(String.fromCharCode(...t))} ${rank}`).join('\n');
}

const SPECIALS = { '<|im_start|>': 900, '<|im_end|>': 901 };
const byPattern = (pattern: string): Tokenizer =>
  readTiktoken(rankLines(), { pattern, specialTokens: SPECIALS });
const tokenizers: Record<string, Tokenizer> = {
  gpt2: byPattern('gpt2'),
  cl100k: byPattern('cl100k'),
  o200k: byPattern('o200k'),
  unknownPattern: byPattern('\\p{L}+|\\s+|[^\\p{L}\\s]+'),
};
tokenizers.written = readTokenizerJson(JSON.parse(JSON.stringify(writeTokenizerJson(tokenizers.cl100k))));

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc
    .array(
      fc.constantFrom(
        ...MERGED,
        ' ',
        'a',
        'e',
        "'S",
        '\r\n',
        '\0',
        '\ufeff',
        '\ud800',
        '\udc00',
        '\u0301',
        '<|im_end|>',
        '<|im',
      ),
      { maxLength: 12 },
    )
    .map((a) => a.join('')),
);
const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, '\ufffd');

describe('tokenizer', () => {
  for (const [name, tokenizer] of Object.entries(tokenizers)) {
    it(`${name}: decode after encode is identity, lone surrogates become U+FFFD`, () => {
      fc.assert(
        fc.property(anyText, (text) => {
          expect(tokenizer.decode(tokenizer.encode(text))).toBe(wellFormed(text));
        }),
        { numRuns: 500 },
      );
    });

    it(`${name}: the fast path equals the general path`, () => {
      fc.assert(
        fc.property(anyText, fc.constantFrom('all', 'none'), (text, allowedSpecial) => {
          expect(tokenizer.encode(text, { allowedSpecial })).toEqual(
            tokenizer.encodeDetailed(text, { allowedSpecial }).ids,
          );
        }),
        { numRuns: 500 },
      );
    });

    it(`${name}: offsets cover the text in order`, () => {
      fc.assert(
        fc.property(anyText, (text) => {
          const { offsets } = tokenizer.encodeDetailed(text);
          let last = 0;
          for (const [start, end] of offsets) {
            expect(start).toBeLessThanOrEqual(last);
            expect(end).toBeGreaterThanOrEqual(last);
            last = end;
          }
          expect(last).toBe(text.length);
        }),
        { numRuns: 300 },
      );
    });

    it(`${name}: plain text never becomes a control token`, () => {
      fc.assert(
        fc.property(anyText, (text) => {
          const ids = tokenizer.encode(`${text}<|im_end|>${text}`);
          expect(ids.some((id) => tokenizer.specialIds.has(id))).toBe(false);
        }),
      );
    });

    it(`${name}: a stream decodes to the same text and never shows half a character`, () => {
      fc.assert(
        fc.property(anyText, (text) => {
          const decoder = tokenizer.streamDecoder();
          const parts = tokenizer.encode(text).map((id) => decoder.push(id));
          parts.push(decoder.flush());
          expect(parts.join('')).toBe(wellFormed(text));
          if (!wellFormed(text).includes('\ufffd')) expect(parts.join('|')).not.toContain('\ufffd');
        }),
        { numRuns: 300 },
      );
    });

    it(`${name}: the bytes of the ids are the bytes of the text`, () => {
      fc.assert(
        fc.property(anyText, (text) => {
          const bytes = tokenizer.encode(text).flatMap((id) => [...(tokenizer.tokenBytes(id) ?? [])]);
          expect(bytes).toEqual([...encodeUtf8(text)]);
        }),
        { numRuns: 300 },
      );
    });

    it(`${name}: count and limits agree with encode`, () => {
      fc.assert(
        fc.property(anyText, fc.nat(20), (text, limit) => {
          const count = tokenizer.encode(text).length;
          expect(tokenizer.count(text)).toBe(count);
          expect(tokenizer.isWithinLimit(text, limit)).toBe(count <= limit ? count : false);
        }),
        { numRuns: 300 },
      );
    });

    it(`${name}: chunks encode as the whole text`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(anyText, { maxLength: 30 }), async (chunks) => {
          const padded = chunks.map((c) => `${wellFormed(c)} the other thing\nhere `.repeat(9));
          const ids: number[] = [];
          for await (const part of tokenizer.encodeStream(padded, { allowedSpecial: 'all' }))
            ids.push(...part);
          expect(ids).toEqual(tokenizer.encode(padded.join(''), { allowedSpecial: 'all' }));
        }),
        { numRuns: 20 },
      );
    });
  }

  it('bytes that come cut anywhere, or between strings, give the ids of their text', async () => {
    const pieces = fc.array(fc.string({ unit: 'grapheme', maxLength: 30 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(pieces, fc.integer({ min: 1, max: 7 }), fc.boolean(), async (texts, size, mixed) => {
        const chunks: (string | Uint8Array)[] = [];
        texts.forEach((text, i) => {
          const bytes = encodeUtf8(text);
          if (mixed && i % 2 === 1) chunks.push(text);
          else for (let k = 0; k < bytes.length; k += size) chunks.push(bytes.subarray(k, k + size));
        });
        const stream = new ReadableStream<string | Uint8Array>({
          start(controller) {
            for (const chunk of chunks) controller.enqueue(chunk);
            controller.close();
          },
        });
        const ids: number[] = [];
        for await (const part of tokenizers.cl100k.encodeStream(stream)) ids.push(...part);
        expect(ids).toEqual(tokenizers.cl100k.encode(texts.join('')));
      }),
      { numRuns: 100 },
    );
    const numbers = tokenizers.cl100k.encodeStream(Uint8Array.of(1) as never);
    await expect(numbers.next()).rejects.toThrow('chunks: expected strings or Uint8Arrays, got number');
  });

  it('the engine merges as the reference does, on short and on long pieces', () => {
    const { cl100k } = tokenizers;
    const rankOf = (part: Uint8Array) => cl100k.tokenToId(bytesToAlphabet(part));
    const letters = fc.string({
      unit: fc.constantFrom('t', 'h', 'e', 'a', 'i', 'n', 'g', 'r', 'l', '\u00e9', '\u65e5'),
      minLength: 1,
      maxLength: 150,
    });
    fc.assert(
      fc.property(letters, (word) => {
        expect(cl100k.encode(word)).toEqual(referenceBpe(encodeUtf8(word), rankOf));
      }),
      { numRuns: 400 },
    );
  });

  it('every merge of an explanation joins two neighbours, and the last symbols are the tokens', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        for (const piece of tokenizers.cl100k.explain(text)) {
          const last = piece.steps?.at(-1)?.symbols;
          if (last !== undefined) expect(last).toEqual(piece.tokens.map((t) => t.token));
        }
      }),
      { numRuns: 200 },
    );
  });

  it('dropout 1 gives bytes, dropout 0 the usual ids, and any dropout the same text', () => {
    const { cl100k, written } = tokenizers;
    let state = 1;
    const uniform = () => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return state / 2 ** 32;
    };
    for (const tokenizer of [cl100k, written]) {
      const word = 'thethere';
      expect(tokenizer.encode(word, { dropout: 0 })).toEqual(tokenizer.encode(word));
      expect(tokenizer.encode(word, { dropout: 1, uniform })).toHaveLength(tokenizer === cl100k ? 8 : 8);
      for (let i = 0; i < 20; i++) {
        expect(tokenizer.decode(tokenizer.encode(word, { dropout: 0.4, uniform }))).toBe(word);
      }
    }
    expect(() => cl100k.encode('the', { dropout: 0.5 })).toThrow(/uniform/);
    expect(() => cl100k.encode('the', { dropout: 2, uniform })).toThrow(
      'dropout: expected 0 <= p <= 1, got 2',
    );
  });

  it('a control token in the text is plain text, an error or itself, as asked', () => {
    const { cl100k } = tokenizers;
    expect(cl100k.encode('<|im_end|>', { allowedSpecial: ['<|im_end|>'] })).toEqual([901]);
    expect(cl100k.encode('<|im_end|>', { allowedSpecial: ['<|im_start|>'] })).not.toContain(901);
    expect(() => cl100k.encode('a<|im_end|>', { refusedSpecial: 'error' })).toThrow(
      '<|im_end|> is not allowed',
    );
    expect(cl100k.decode([901, 97], { skipSpecialTokens: true })).toBe('a');
  });

  it('an unknown option is refused by name', () => {
    const wrong = { addSpecial: true } as unknown as { addSpecialTokens: boolean };
    expect(() => tokenizers.gpt2.encode('a', wrong)).toThrow('unknown option addSpecial');
  });

  it('offsets convert to code points and bytes', () => {
    const text = 'a\u00e9\ud83d\ude00b';
    const whole = [
      [0, 1],
      [1, 2],
      [2, 4],
      [4, 5],
    ] as const;
    expect(offsetsInCodePoints(text, whole)).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
      [3, 4],
    ]);
    expect(offsetsInBytes(text, whole)).toEqual([
      [0, 1],
      [1, 3],
      [3, 7],
      [7, 8],
    ]);
  });

  it('truncation keeps the front and hands out the rest with the overlap asked for', () => {
    const e = tokenizers.cl100k.encodeDetailed('abcdefgh', { truncation: { maxLength: 3, stride: 1 } });
    const texts = [e, ...e.overflowing].map((part) => tokenizers.cl100k.decode(part.ids));
    expect(texts).toEqual(['abc', 'cde', 'efg', 'gh']);
  });

  it('a batch is padded to its longest member, or to a multiple', () => {
    const batch = tokenizers.cl100k.encodeBatch(['a', 'bcd'], {
      padding: { padId: 7, padToMultipleOf: 4, direction: 'left' },
    });
    expect(batch.map((e) => e.ids)).toEqual([
      [7, 7, 7, 97],
      [7, 98, 99, 100],
    ]);
    expect(batch.map((e) => e.attentionMask)).toEqual([
      [0, 0, 0, 1],
      [0, 1, 1, 1],
    ]);
  });

  it('an added token that the model has keeps the id of the model, and others follow behind it', () => {
    const json = writeTokenizerJson(byPattern('gpt2')) as { added_tokens: object[] };
    const added = (content: string, id: number) => ({ content, id, special: true });
    const moved = { ...json, added_tokens: [added('th', 5000), added('<x>', 7000), added('<y>', 7001)] };
    const tokenizer = readTokenizerJson(moved);
    const size = tokenizer.parts.model.size;
    expect(tokenizer.addedTokens.map((token) => [token.content, token.id])).toEqual([
      ['th', tokenizer.parts.model.tokenToId('th')],
      ['<x>', size],
      ['<y>', size + 1],
    ]);
  });
});

describe('what is no text and no list of ids', () => {
  it.each([5, undefined, null, ['a']])('%j is refused by name, not encoded as something', (text) => {
    const tokenizer = byPattern('gpt2');
    for (const call of [
      () => tokenizer.encode(text as never),
      () => tokenizer.encode(text as never, { addSpecialTokens: false }),
      () => tokenizer.encodeDetailed(text as never),
      () => tokenizer.count(text as never),
      () => tokenizer.isWithinLimit(text as never, 3),
    ])
      expect(call).toThrow(/^text: expected a string, got /);
  });

  it.each(['abc', undefined, null, 7])('decode(%j) is refused', (ids) => {
    expect(() => byPattern('gpt2').decode(ids as never)).toThrow(/^ids: expected a list of numbers, got /);
  });
});
