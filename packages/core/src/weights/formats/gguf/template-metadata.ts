// A checkpoint's chat templates under the keys of llama.cpp's converter: `tokenizer.chat_template`, and `tokenizer.chat_template.NAME` for the named ones.
import type { Checkpoint } from '../../checkpoint.ts';
import { readJsonObject } from '../read-json.ts';
import type { GgufValue } from './write-gguf.ts';

type Assets = Checkpoint['assets'] | undefined;

const folder = 'additional_chat_templates';

/** The key-values of the templates that a checkpoint's files have; none for a checkpoint without. */
export async function templateMetadata(assets: Assets): Promise<Map<string, GgufValue>> {
  const metadata = new Map<string, GgufValue>();
  const templates = await chatTemplates(assets);
  const names: string[] = [];
  for (const [name, template] of templates) {
    if (name === 'default') metadata.set('tokenizer.chat_template', template);
    if (name === 'default' || name === '') continue;
    const plain = name.replace(/[^a-zA-Z0-9]/g, '_');
    if (!names.includes(plain)) names.push(plain);
    metadata.set(`tokenizer.chat_template.${plain}`, template);
  }
  if (names.length > 0) metadata.set('tokenizer.chat_templates', names);
  return metadata;
}

/** By name, as transformers takes them: the files before what the config says. */
async function chatTemplates(assets: Assets): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const read = async (name: string, file: string) => {
    const bytes = await assets?.file(file);
    if (bytes !== undefined) found.set(name, new TextDecoder().decode(bytes));
  };
  await read('default', 'chat_template.jinja');
  for (const file of (await assets?.list?.(folder)) ?? [])
    if (file.endsWith('.jinja')) await read(file.slice(0, -'.jinja'.length), `${folder}/${file}`);
  if (found.size > 0) return found;
  const config = await assets?.file('tokenizer_config.json');
  const inside = config && readJsonObject(config, 'tokenizer_config.json', 'file').chat_template;
  if (typeof inside === 'string') found.set('default', inside);
  else if (Array.isArray(inside))
    for (const item of inside as ({ name?: unknown; template?: unknown } | null)[])
      if (typeof item?.template === 'string') found.set(String(item.name), item.template);
  return found;
}
