import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { memorySink, openCheckpoint, writeGgufCheckpoint } from '@ashlar/core';
import { loadTokenizer } from '@ashlar/tokenizer';
import { describe, expect, it } from 'vitest';

// A vocabulary that core writes into GGUF cuts and joins texts as the tokenizer.json that it was made from (goldens; skipped when absent).
const goldens = fileURLToPath(new URL('../../shared/goldens/tokenizers/', import.meta.url));
const names = existsSync(goldens)
  ? readdirSync(goldens).filter((name) => existsSync(`${goldens}${name}/tokenizer.json`))
  : [];
const written = [
  'hf-bytelevel-digits',
  'hf-bytelevel-gpt2',
  'hf-bytelevel-split-llama3',
  'hf-bytelevel-split-o200k',
  'hf-gemma-like',
  'hf-sp-bytefallback-legacy',
  'hf-sp-metaspace-first',
];

const assetsOf = (name: string) => ({
  format: 'huggingface' as const,
  file: async (file: string) => {
    const path = `${goldens}${name}/${file}`;
    return existsSync(path) ? new Uint8Array(readFileSync(path)) : undefined;
  },
});

async function throughGguf(name: string) {
  const bytes = new Uint8Array(1000 * 4 * 4);
  const weights = {
    tensors: new Map([
      ['model.embed_tokens.weight', { dtype: 'F32', shape: [1000, 4], byteLength: bytes.length }],
    ] as const),
    read: async () => ({ dtype: 'F32', shape: [1000, 4], bytes }) as const,
    close: async () => {},
  };
  const config = {
    model_type: 'llama',
    hidden_size: 4,
    intermediate_size: 8,
    num_hidden_layers: 1,
    num_attention_heads: 1,
    max_position_embeddings: 8,
    tie_word_embeddings: true,
  };
  const sink = memorySink();
  await writeGgufCheckpoint(sink, { config, weights, assets: assetsOf(name) });
  return openCheckpoint(new File([sink.bytes()], 'model.gguf'));
}

describe.skipIf(names.length === 0)('GGUF vocabularies written from tokenizer.json', () => {
  it.each(written)('%s: same ids as the original', async (name) => {
    const original = await loadTokenizer(assetsOf(name));
    const { assets } = await throughGguf(name);
    const copy = await loadTokenizer(assets);
    const texts = readFileSync(`${goldens}${name}/cases.jsonl`, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => (JSON.parse(line) as { text: string }).text);
    expect(texts.length).toBeGreaterThan(10);
    // Metaspace puts no second space in front of a text that begins with one; llama.cpp's vocabulary always puts one.
    const comparable =
      name === 'hf-sp-metaspace-first' ? texts.filter((text) => !/^[ \u2581]/.test(text)) : texts;
    for (const text of comparable) expect([text, copy.encode(text)]).toEqual([text, original.encode(text)]);
  });

  it.each(names.filter((name) => !written.includes(name)))(
    '%s: llama.cpp has no word for it, which is said',
    async (name) => {
      await expect(throughGguf(name)).rejects.toThrow(/tokenizer\.json: .*expected .* for GGUF/);
    },
  );
});
