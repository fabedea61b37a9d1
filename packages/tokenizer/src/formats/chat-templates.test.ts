// Which chat template a directory's files give: the rules of transformers' from_pretrained and get_chat_template (checked against 5.24).
import { describe, expect, it } from 'vitest';
import { encodeChat } from '../encode-chat.ts';
import { loadTokenizer, type ModelAssets } from './load-tokenizer.ts';

const model = { type: 'WordLevel', vocab: { '[UNK]': 0 }, unk_token: '[UNK]' };
const tokenizerJson = JSON.stringify({ version: '1.0', added_tokens: [], model });

function assets(files: Record<string, string>, listed = true): ModelAssets {
  const all: Record<string, string> = { 'tokenizer.json': tokenizerJson, ...files };
  return {
    format: 'huggingface',
    file: async (name) => (Object.hasOwn(all, name) ? new TextEncoder().encode(all[name]) : undefined),
    ...(listed && {
      list: async (folder: string) =>
        Object.keys(all).flatMap((name) =>
          name.startsWith(`${folder}/`) ? [name.slice(folder.length + 1)] : [],
        ),
    }),
  };
}
const config = (value: unknown) => ({ 'tokenizer_config.json': JSON.stringify({ chat_template: value }) });
const pair = [
  { name: 'default', template: 'config default' },
  { name: 'tool_use', template: 'config tools' },
];
const extra = (name: string, text: string) => ({ [`additional_chat_templates/${name}.jinja`]: text });

async function text(files: Record<string, string>, options: object = {}, listed = true): Promise<string> {
  const tokenizer = await loadTokenizer(assets(files, listed));
  return encodeChat(tokenizer, [{ role: 'user', content: 'x' }], options).text;
}

describe('the chat template of a directory', () => {
  const both = { 'chat_template.jinja': 'main', ...extra('tool_use', 'tools'), ...extra('rag', 'documents') };
  it.each([
    ['the file alone', { 'chat_template.jinja': 'main' }, {}, 'main'],
    [
      'the file before the config',
      { 'chat_template.jinja': 'main', ...config(pair) },
      { tools: [{}] },
      'main',
    ],
    ['the default of several files', both, {}, 'main'],
    ['that for tools', both, { tools: [{}] }, 'tools'],
    ['that for tools, with an empty list of them', both, { tools: [] }, 'tools'],
    ['the default with no list of tools', both, { tools: null }, 'main'],
    ['one by name', both, { template: 'rag' }, 'documents'],
    ['the default by name', both, { template: 'default', tools: [{}] }, 'main'],
    ['source instead', both, { template: 'mine: {{ messages | length }}' }, 'mine: 1'],
    [
      'a folder before the config',
      { ...extra('default', 'in the folder'), ...config(pair) },
      {},
      'in the folder',
    ],
    ['the config', config('inside'), {}, 'inside'],
    ["the config's for tools", config(pair), { tools: [{}] }, 'config tools'],
    ["the config's by name", config({ default: 'a', rag: 'b' }), { template: 'rag' }, 'b'],
  ])('%s', async (_, files, options, expected) => {
    expect(await text(files as Record<string, string>, options)).toBe(expected);
  });

  it('the usual names are asked for where nothing can be listed', async () => {
    expect(await text(both, { tools: [{}] }, false)).toBe('tools');
    expect(await text({ 'chat_template.jinja': 'main' }, { tools: [{}] }, false)).toBe('main');
  });

  it('several without a default ask for a name, and an unknown name is refused', async () => {
    const files = { ...extra('rag', 'a'), ...extra('tool_use', 'b'), ...config(pair) };
    await expect(text(files)).rejects.toThrow('none of which is default: rag, tool_use');
    expect(await text(files, { tools: [] })).toBe('b');
    await expect(text(both, { template: 'rags' })).rejects.toThrow(/default, rag, tool_use\), got rags/);
    await expect(text({ 'chat_template.jinja': 'main' }, { template: 'rag' })).rejects.toThrow(
      'no named ones',
    );
    await expect(text({})).rejects.toThrow('without a chat template');
  });

  it('other files of the folder are no templates, and there is a bound to how many are read', async () => {
    expect(await text({ 'chat_template.jinja': 'main', 'additional_chat_templates/readme.md': 'x' })).toBe(
      'main',
    );
    const many = Object.assign({}, ...Array.from({ length: 257 }, (_, i) => extra(`t${i}`, 'x')));
    await expect(text(many)).rejects.toThrow('expected at most 256 templates, got 257');
  });
});
