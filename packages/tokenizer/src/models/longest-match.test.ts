import { expect, it } from 'vitest';
import { ggufTokenizer } from '../formats/gguf.ts';
import { unescapeBytes } from './longest-match.ts';

const escaped = (byte: number): string =>
  byte >= 33 && byte < 127 && byte !== 92
    ? String.fromCharCode(byte)
    : `\\x${byte.toString(16).padStart(2, '0')}`;

it('an RWKV vocabulary takes the longest token at each place', () => {
  const tokens = [
    '<s>',
    ...Array.from({ length: 256 }, (_, byte) => escaped(byte)),
    'ab',
    'abc',
    'cd',
    '\\n\\n',
  ];
  const types = tokens.map((_, id) => (id === 0 ? 3 : 1));
  const entries = {
    'tokenizer.ggml.model': 'rwkv',
    'tokenizer.ggml.tokens': tokens,
    'tokenizer.ggml.token_type': types,
  };
  const tokenizer = ggufTokenizer(new Map<string, unknown>(Object.entries(entries)));
  expect(tokenizer.encode('abcd')).toEqual([258, 101]);
  const text = 'a\n\nb \u00e9\ud83d\ude00\\x41';
  expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  expect(tokenizer.encode('\n\n')).toEqual([260]);
  expect(tokenizer.encode('<s>')).not.toContain(0);
});

it('escapes are read as Python writes them', () => {
  expect([...unescapeBytes("a\\t\\n\\\\\\x00\\xff\\'")]).toEqual([97, 9, 10, 92, 0, 255, 39]);
});
