// Compares our rendering with what scripts/chat-template-wild.py wrote of a folder of templates:
// `node --conditions=@ashlar/source --import tsx scripts/chat-template-wild.ts FOLDER FILE [MOST]`.
// Beside text and refusals it checks the labels: no text of messages, tools or documents may count as literal text of the template.
// A difference is printed (MOST of them, one a template); exit status 1.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type ChatMessage,
  type ChatTemplate,
  ChatTemplateError,
  compileChatTemplate,
  parseTemplateJson,
  type RenderedChat,
  type RenderOptions,
} from '@ashlar/tokenizer/chat-template';

interface Case {
  readonly template: string;
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly unknown[];
  readonly documents?: readonly unknown[];
  readonly addGenerationPrompt?: boolean;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly text?: string;
  readonly error?: true;
  readonly reason?: string;
}

const [folder, file] = process.argv.slice(2);
const most = Number(process.argv[4] ?? 10);
const [head, ...lines] = readFileSync(file, 'utf8').split('\n');
const now = new Date((JSON.parse(head) as { now: string }).now);

const compiled = new Map<string, ChatTemplate>();
function templateOf(name: string): ChatTemplate {
  let made = compiled.get(name);
  if (made === undefined) {
    made = compileChatTemplate(readFileSync(join(folder, name), 'utf8'));
    compiled.set(name, made);
  }
  return made;
}

function render(one: Case): RenderedChat {
  const options: RenderOptions = {
    tools: one.tools ?? null,
    documents: one.documents ?? null,
    addGenerationPrompt: one.addGenerationPrompt ?? false,
    variables: one.variables ?? {},
    now,
  };
  return templateOf(one.template).render(one.messages, options);
}

const dye = 0xf0000;
/** The letters of a text, but not those of marks, moved to where no template has any. */
const dyedText = (text: string): string =>
  `\u{f0000}${text.replace(/<[^<>]*>|\[[^[\]]*\]|[a-zA-Z]/g, (found) => (found.length > 1 ? found : String.fromCodePoint(dye + found.charCodeAt(0))))}\u{f0000}`;

/** A value with all its strings dyed; roles apart, which are structure where they are the known words. */
function dyed<T>(value: T, key = ''): T {
  if (typeof value === 'string') return (key === 'role' ? value : dyedText(value)) as T;
  if (Array.isArray(value)) return value.map((item) => dyed(item, key)) as T;
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, dyed(item, name)])) as T;
}

/** What is wrong with the labels once messages, tools and documents are dyed: no literal text of the template may show the dye. */
function mislabelled(one: Case): string | undefined {
  for (const part of ['messages', 'tools', 'documents'] as const) {
    let chat: RenderedChat;
    try {
      chat = render({ ...one, [part]: dyed(one[part]) });
    } catch {
      continue; // other data may be refused
    }
    for (const { start, end, label } of chat.spans) {
      const text = chat.text.slice(start, end);
      if ((label.kind === 'template' || label.kind === 'role') && /[\u{f0000}-\u{f0fff}]/u.test(text))
        return `${JSON.stringify(text)} of ${part} is called ${label.kind}`;
    }
  }
  return undefined;
}

function check(one: Case): string | undefined {
  let chat: RenderedChat | undefined;
  let got: string;
  try {
    chat = render(one);
    got = chat.text;
  } catch (error) {
    if (!(error instanceof ChatTemplateError))
      return `not a ChatTemplateError: ${error instanceof Error ? error.stack : error}`;
    return one.error ? undefined : `expected text, got ${error.message}`;
  }
  if (one.error) return `expected an error (${one.reason}), got ${JSON.stringify(got.slice(0, 200))}`;
  if (got !== one.text) {
    let at = 0;
    while (got[at] === one.text?.[at]) at++;
    const show = (text = '') => JSON.stringify(text.slice(Math.max(0, at - 60), at + 60));
    return `differs at ${at}\n  expected ${show(one.text)}\n  got      ${show(got)}`;
  }
  if (chat.spans.map((span) => got.slice(span.start, span.end)).join('') !== got)
    return 'the spans do not cover the text';
  return mislabelled(one);
}

let compared = 0;
const wrong = new Map<string, [number, string, string]>();
for (const line of lines) {
  if (line === '') continue;
  const one = parseTemplateJson(line) as Case;
  const reason = check(one);
  compared++;
  if (reason === undefined) continue;
  const before = wrong.get(one.template);
  if (before) before[0]++;
  else wrong.set(one.template, [1, reason, line]);
}
for (const [name, [times, reason, line]] of Array.from(wrong).slice(0, most))
  console.log(
    `${name} (${times}): ${reason}\n  ${line.length > 3000 ? `${line.slice(0, 3000)}...` : line}\n`,
  );
const differences = Array.from(wrong.values()).reduce((sum, [times]) => sum + times, 0);
console.log(`${compared} cases, ${differences} differences in ${wrong.size} templates`);
process.exitCode = differences > 0 ? 1 : 0;
