// Compares our rendering with what scripts/chat-template-wild.py wrote of a folder of templates:
// `node --conditions=@ashlar/source --import tsx scripts/chat-template-wild.ts FOLDER FILE [MOST]`.
// Beside text and refusals it checks the labels: a mark in the text of messages, tools, documents or variables is never literal text of the template.
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

/** The strings of a value that stand for data (roles apart, which are structure where they are the known words) put between two characters of no template. */
function dyed(value: unknown, key = ''): unknown {
  if (typeof value === 'string') return key === 'role' ? value : `\u{f0000}${value}\u{f0000}`;
  if (Array.isArray(value)) return value.map((item) => dyed(item, key));
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, dyed(item, name)]));
}

/** What is wrong with the labels of a case whose data are dyed: between two dye marks of one data string nothing may be literal text. */
function mislabelled(one: Case): string | undefined {
  let chat: RenderedChat;
  try {
    chat = render({ ...one, messages: dyed(one.messages) as ChatMessage[] });
  } catch {
    return undefined;
  }
  for (const { start, end, label } of chat.spans) {
    const text = chat.text.slice(start, end);
    if ((label.kind === 'template' || label.kind === 'role') && text.includes('\u{f0000}'))
      return `${JSON.stringify(text)} of a message is called ${label.kind}`;
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
