// The chat templates of a Hugging Face directory, as transformers takes them: chat_template.jinja and additional_chat_templates/*.jinja, and only without any of
// these what the config says.
import { asObject, type JsonObject } from './json-value.ts';

/** Reads files by name, and lists the names right in a folder where that can be done. */
export interface TextFiles {
  readonly text: (name: string) => Promise<string | undefined>;
  readonly list?: ((folder: string) => Promise<readonly string[] | undefined>) | undefined;
}

/** A tokenizer's templates; without names there is at most the one. */
export interface ChatTemplates {
  readonly chatTemplate?: string;
  readonly chatTemplates?: Readonly<Record<string, string>>;
}

const folder = 'additional_chat_templates';
/** Asked for where a folder cannot be listed. */
const usual = ['tool_use.jinja', 'rag.jinja'];
const maxTemplates = 256;

/** The templates of the files, else those of `tokenizer_config.json`, else that of a processor's `chat_template.json`. */
export async function chatTemplatesOf(files: TextFiles, config: JsonObject): Promise<ChatTemplates> {
  const found = new Map<string, string>();
  const main = await files.text('chat_template.jinja');
  if (main !== undefined) found.set('default', main);
  const listed = (await files.list?.(folder)) ?? (main === undefined ? [] : usual);
  const names = listed.filter((name) => name.endsWith('.jinja'));
  if (names.length > maxTemplates)
    throw new RangeError(`${folder}: expected at most ${maxTemplates} templates, got ${names.length}`);
  for (const name of names) {
    const source = await files.text(`${folder}/${name}`);
    if (source !== undefined) found.set(name.slice(0, -'.jinja'.length), source);
  }
  if (found.size > 0) return templatesByName(found);
  const inside = config.chat_template ?? (await processorTemplate(files));
  if (typeof inside === 'string') return { chatTemplate: inside };
  if (Array.isArray(inside))
    return templatesByName(
      inside.map((item, i): [string, string] => {
        const { name, template } = asObject(item, `chat_template[${i}]`);
        return [String(name), String(template)];
      }),
    );
  if (typeof inside === 'object' && inside !== null)
    return templatesByName(Object.entries(inside).map(([name, template]) => [name, String(template)]));
  return {};
}

/** Templates by name; a `default` that stands alone has none. */
export function templatesByName(templates: Iterable<readonly [string, string]>): ChatTemplates {
  const chatTemplates = Object.fromEntries(templates);
  const names = Object.keys(chatTemplates);
  const chatTemplate = Object.hasOwn(chatTemplates, 'default') ? chatTemplates.default : undefined;
  if (chatTemplate === undefined) return names.length === 0 ? {} : { chatTemplates };
  return names.length === 1 ? { chatTemplate } : { chatTemplate, chatTemplates };
}

async function processorTemplate(files: TextFiles): Promise<unknown> {
  const source = await files.text('chat_template.json');
  return source === undefined ? undefined : asObject(JSON.parse(source), 'chat_template.json').chat_template;
}
