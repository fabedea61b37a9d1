import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { memorySink, openCheckpoint, writeGgufCheckpoint } from '@ashlar/core';
import { encodeChat, loadTokenizer, type ModelAssets } from '@ashlar/tokenizer';
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

async function throughGguf(assets: ModelAssets) {
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
  await writeGgufCheckpoint(sink, { config, weights, assets });
  return openCheckpoint(new File([sink.bytes()], 'model.gguf'));
}

describe.skipIf(names.length === 0)('GGUF vocabularies written from tokenizer.json', () => {
  it.each(written)('%s: same ids as the original', async (name) => {
    const original = await loadTokenizer(assetsOf(name));
    const { assets } = await throughGguf(assetsOf(name));
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
      await expect(throughGguf(assetsOf(name))).rejects.toThrow(/tokenizer\.json: .*expected .* for GGUF/);
    },
  );
});

describe('chat templates in GGUF', () => {
  const files: Record<string, string> = {
    'tokenizer.json': JSON.stringify({
      added_tokens: [],
      pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
      decoder: { type: 'ByteLevel' },
      model: { type: 'BPE', vocab: { a: 0 }, merges: [] },
    }),
    'chat_template.jinja': 'main',
    'additional_chat_templates/tool_use.jinja': 'tools',
    'additional_chat_templates/with docs.jinja': 'documents',
  };
  const named = {
    'tokenizer.json': files['tokenizer.json'],
    'tokenizer_config.json': JSON.stringify({
      chat_template: ['main', 'tools', 'documents'].map((template, i) => ({
        name: ['default', 'tool_use', 'with docs'][i],
        template,
      })),
    }),
  };
  const assetsFrom = (all: Record<string, string>): ModelAssets => ({
    format: 'huggingface',
    file: async (name) => (name in all ? new TextEncoder().encode(all[name]) : undefined),
    list: async (folder) =>
      Object.keys(all).flatMap((name) =>
        name.startsWith(`${folder}/`) ? [name.slice(folder.length + 1)] : [],
      ),
  });

  it.each([
    ['files', files],
    ['config', named],
  ])('named ones of the %s are written and read, as llama.cpp names them', async (_, all) => {
    const { assets } = await throughGguf(assetsFrom(all));
    expect(assets.metadata?.get('tokenizer.chat_templates')).toEqual(['tool_use', 'with_docs']);
    const tokenizer = await loadTokenizer(assets);
    const chat = (options: object) => encodeChat(tokenizer, [{ role: 'user', content: '' }], options).text;
    const texts = [{}, { tools: [] }, { template: 'with_docs' }].map(chat);
    expect(texts).toEqual(['main', 'tools', 'documents']);
  });
});
