// Laws of the GGUF reader on vocabularies made here; the published ones are golden cases.
import { describe, expect, it } from 'vitest';
import { AlignedText } from '../aligned-text.ts';
import { BYTE_TO_CHAR } from '../byte-alphabet.ts';
import { ggufTokenizer } from './gguf.ts';
import { ggufPreTokenizer, ggufPreTokenizerNames } from './gguf-pre-tokenizers.ts';
import { readGgufMetadata } from './read-gguf-metadata.ts';
import { preTokenizerFromJson } from './stages-from-json.ts';

const byteLevel = (more: Record<string, unknown> = {}): Map<string, unknown> =>
  new Map<string, unknown>(
    Object.entries({
      'tokenizer.ggml.model': 'gpt2',
      'tokenizer.ggml.pre': 'gpt-2',
      'tokenizer.ggml.tokens': [...BYTE_TO_CHAR, 'hi', '<|im_end|>', '<tool>'],
      'tokenizer.ggml.token_type': [...BYTE_TO_CHAR.map(() => 1), 1, 3, 4],
      'tokenizer.ggml.merges': ['h i'],
      ...more,
    }),
  );

describe('GGUF vocabularies', () => {
  it('every pre-tokenizer name cuts a text into all of its parts', () => {
    const text = "Hello, World! 12345 don't  \n\n \u65e5\u672c\u8a9e \u00e9t\u00e9 \ud83d\ude00 a1b2   x";
    expect(ggufPreTokenizerNames().length).toBeGreaterThan(80);
    for (const name of ggufPreTokenizerNames()) {
      const stage = preTokenizerFromJson({
        type: 'Sequence',
        pretokenizers: ggufPreTokenizer(name).preTokenizer,
      });
      const pieces = stage.split(AlignedText.from(text, true));
      const covered = pieces.map((p) => p.originalRange(0, p.value.length));
      let last = 0;
      for (const [start, end] of covered) {
        expect(start, name).toBeLessThanOrEqual(last);
        last = Math.max(last, end);
      }
      expect(last, name).toBe(text.length);
    }
  });

  it.each([
    ['jais-2', 'a 1234', ['a', ' ', '123', '4']],
    ['jais-2', 'a       b', ['a', '    ', '  ', ' b']],
    ['qwen2', 'a 1234', ['a', ' ', '1', '2', '3', '4']],
    ['ufakzeka', "Ali'de", ['Ali', "'de"]],
    ['qwen2', "Ali'de", ['Ali', "'d", 'e']],
    ['hy_v4', 'a1234', ['a', '123', '4']],
    ['talkie', 'camelCase', ['camel', 'Case']],
    ['granite-embed-multi-97m', 'camelCase', ['camel', 'Case']],
  ])('%s cuts %j into %j', (name, text, cuts) => {
    const { preTokenizer } = ggufPreTokenizer(name);
    const stage = preTokenizerFromJson({ type: 'Sequence', pretokenizers: preTokenizer });
    const pieces = stage.split(AlignedText.from(text, true));
    expect(pieces.map((p) => text.slice(...p.originalRange(0, p.value.length)))).toEqual(cuts);
  });

  it('qwen2 composes characters, qwen35 keeps marks with their letters as they come', () => {
    expect(ggufPreTokenizer('qwen2').normalizer).toEqual({ type: 'NFC' });
    expect(ggufPreTokenizer('qwen35').normalizer).toBeUndefined();
  });

  it('control pieces are matched only when allowed, user-defined ones always', () => {
    const tokenizer = ggufTokenizer(byteLevel());
    expect(tokenizer.encode('hi<tool>')).toEqual([256, 258]);
    expect(tokenizer.encode('<|im_end|>')).not.toContain(257);
    expect(tokenizer.encode('<|im_end|>', { allowedSpecial: 'all' })).toEqual([257]);
    expect(tokenizer.eosTokenIds).toEqual([257]);
  });

  it('BOS is put before when the file says so', () => {
    const flags = { 'tokenizer.ggml.bos_token_id': 257, 'tokenizer.ggml.add_bos_token': true };
    expect(ggufTokenizer(byteLevel(flags)).encode('hi')).toEqual([257, 256]);
    expect(ggufTokenizer(byteLevel(flags)).encode('hi', { addSpecialTokens: false })).toEqual([256]);
  });

  it('what is missing or unknown is named', () => {
    expect(() => ggufTokenizer(new Map())).toThrow('tokenizer.ggml.model');
    expect(() => ggufTokenizer(byteLevel({ 'tokenizer.ggml.pre': 'mystery' }))).toThrow(
      '"mystery" is not known',
    );
    expect(() => ggufTokenizer(byteLevel({ 'tokenizer.ggml.model': 'plamo2' }))).toThrow('got plamo2');
    expect(() => ggufTokenizer(byteLevel({ 'tokenizer.ggml.merges': undefined }))).toThrow(
      'tokenizer.ggml.merges',
    );
  });

  it('key-values are read by type, and a file that ends early asks for more', () => {
    const text = (s: string) => [s.length, 0, 0, 0, 0, 0, 0, 0, ...Buffer.from(s)];
    const bytes = Uint8Array.from([
      ...[...Buffer.from('GGUF'), 3, 0, 0, 0, ...new Array(8).fill(0), 2, 0, 0, 0, 0, 0, 0, 0],
      ...[...text('a'), 8, 0, 0, 0, ...text('hi')],
      ...[...text('b'), 9, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 8, 0, 0, 0],
    ]);
    expect([...readGgufMetadata(bytes)]).toEqual([
      ['a', 'hi'],
      ['b', Uint32Array.of(7, 8)],
    ]);
    expect(() => readGgufMetadata(bytes.slice(0, -1))).toThrow(RangeError);
    expect(() => readGgufMetadata(new Uint8Array(24))).toThrow(TypeError);
  });
});
