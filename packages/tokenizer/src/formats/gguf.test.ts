// Laws of the GGUF reader on vocabularies made here; the published ones are golden cases.
import { describe, expect, it } from 'vitest';
import { AlignedText } from '../aligned-text.ts';
import { BYTE_TO_CHAR } from '../byte-alphabet.ts';
import { encodeChat } from '../encode-chat.ts';
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

  const harmony = ['<|end|>', '<|return|>', '<|call|>'];
  it.each([
    [
      'the end of text first, then turns, messages and code',
      ['<|eom_id|>', '<|im_end|>', '<|fim_pad|>', 'x'],
      { eos: 3 },
      [3, 1, 0, 2],
    ],
    ['a key before a text', ['<|im_end|>', 'x', '<|eot_id|>'], { eot: 1, eos: 1 }, [1, 2, 0]],
    ['an ordinary token that looks like one', ['</s>'], {}, [0]],
    ['not the end of a message where calls have their own', harmony, { eos: 1 }, [1, 2]],
    ['not </s> beside <|tool_response>', ['</s>', '<|tool_response>'], { eos: 1 }, [1]],
    ['no id beyond the vocabulary', ['x'], { eos: 99_999 }, []],
  ])('what ends a generation: %s', (_, texts, keys, ends) => {
    const tokens = [...BYTE_TO_CHAR, ...texts];
    const tokenizer = ggufTokenizer(
      byteLevel({
        'tokenizer.ggml.tokens': tokens,
        'tokenizer.ggml.token_type': tokens.map(() => 1),
        'tokenizer.ggml.merges': [],
        ...Object.fromEntries(
          Object.entries(keys).map(([name, id]) => [
            `tokenizer.ggml.${name}_token_id`,
            id < 99 ? id + 256 : id,
          ]),
        ),
      }),
    );
    expect(tokenizer.eosTokenIds.map((id) => id - 256)).toEqual(ends);
    for (const id of tokenizer.eosTokenIds.filter((end) => tokens[end] !== 'x'))
      expect(tokenizer.specialIds.has(id)).toBe(true);
  });

  it('templates get every special token that the file names, and named templates', () => {
    const tokenizer = ggufTokenizer(
      byteLevel({
        'tokenizer.ggml.cls_token_id': 256,
        'tokenizer.ggml.seperator_token_id': 258,
        'tokenizer.ggml.mask_token_id': 256,
        'tokenizer.chat_template': '{{ cls_token }}{{ sep_token }}{{ eot_token }}{{ mask_token }}',
        'tokenizer.chat_template.tool_use': 'tools: {{ tools | length }}',
        'tokenizer.chat_templates': ['tool_use'],
      }),
    );
    const chat = (options: object) => encodeChat(tokenizer, [{ role: 'user', content: '' }], options).text;
    expect(chat({})).toBe('hi<tool><|im_end|>hi');
    expect(chat({ tools: [{}] })).toBe('tools: 1');
    expect(chat({ template: 'tool_use', tools: [] })).toBe('tools: 0');
  });

  it('a template for tools alone is the default, as in llama.cpp', () => {
    const tokenizer = ggufTokenizer(byteLevel({ 'tokenizer.chat_template.tool_use': 'T' }));
    expect(tokenizer.parts.chatTemplate).toBe('T');
  });

  it('vocabularies of some kinds have ids that no key need name', () => {
    const tokens = Array.from(
      { length: 104 },
      (_, i) => ({ 0: '[PAD]', 100: '[UNK]', 101: '[CLS]', 102: '[SEP]', 103: '[MASK]' })[i] ?? `w${i}`,
    );
    const types = tokens.map((text) => (text === '[UNK]' ? 2 : text.startsWith('[') ? 3 : 1));
    const bert = ggufTokenizer(
      byteLevel({
        'tokenizer.ggml.model': 'bert',
        'tokenizer.ggml.tokens': tokens,
        'tokenizer.ggml.token_type': types,
      }),
    );
    expect([bert.bosTokenId, bert.unkTokenId, bert.padTokenId]).toEqual([101, 100, 0]);
    expect(bert.parts.specialTokens).toMatchObject({
      cls_token: '[CLS]',
      sep_token: '[SEP]',
      mask_token: '[MASK]',
    });
    const ids = bert.encode('');
    expect([ids[0], ids.at(-1)]).toEqual([101, 102]);
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
