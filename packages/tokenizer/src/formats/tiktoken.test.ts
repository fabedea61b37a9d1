// Control tokens of rank files: OpenAI's sets (tiktoken 0.14) and Mistral's versions (mistral-common 1.13).
import { describe, expect, it } from 'vitest';
import { readTekken } from './tekken.ts';
import { readTiktoken } from './tiktoken.ts';

const base64 = (byte: number): string => btoa(String.fromCharCode(byte));
const ranks = Array.from({ length: 256 }, (_, byte) => `${base64(byte)} ${byte}`).join('\n');

describe('control tokens of rank files', () => {
  it('o200k_harmony has its reserved ones', () => {
    const tokenizer = readTiktoken(ranks, { pattern: 'o200k_harmony' });
    expect(tokenizer.vocabSize).toBe(201_088);
    expect(tokenizer.addedTokens).toHaveLength(201_088 - 199_998);
    const encode = (text: string) => tokenizer.encode(text, { allowedSpecial: 'all' });
    expect(encode('<|reserved_200000|><|reserved_201087|><|endofprompt|>')).toEqual([
      200_000, 201_087, 200_018,
    ]);
    expect(tokenizer.encode('<|reserved_200000|>')).not.toContain(200_000);
    expect(tokenizer.eosTokenIds).toEqual([199_999, 200_002, 200_012]);
    expect(readTiktoken(ranks, { pattern: 'o200k' }).eosTokenIds).toEqual([199_999]);
  });

  const tekken = (version: string, special_tokens?: object[]) => ({
    config: {
      version,
      pattern: '\\p{L}+|[^\\p{L}]+',
      default_vocab_size: 260,
      default_num_special_tokens: 4,
    },
    vocab: Array.from({ length: 256 }, (_, rank) => ({ rank, token_bytes: base64(rank), token_str: null })),
    ...(special_tokens && { special_tokens }),
  });

  it('tekken files up to v7 need not name theirs, and what has no name is filled up', () => {
    expect(readTekken(tekken('v3')).encode('a')).toEqual([1, 4 + 97]);
    const tokenizer = readTekken(tekken('v13', [{ rank: 0, token_str: '<unk>', is_control: true }]));
    expect(tokenizer.addedTokens.map((t) => t.content)).toEqual([
      '<unk>',
      '<SPECIAL_1>',
      '<SPECIAL_2>',
      '<SPECIAL_3>',
    ]);
    expect(tokenizer.encode('a')).toEqual([4 + 97]);
    expect(readTekken(tekken('v11', [])).idToToken(1)).toBe('<SPECIAL_1>');
    expect(() => readTekken(tekken('v11'))).toThrow(
      'special_tokens: expected a list in a file of version v11',
    );
  });
});
