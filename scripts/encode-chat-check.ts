// Compares `encodeChat` with what scripts/encode-chat-cases.py wrote: `node --conditions=@ashlar/source --import tsx scripts/encode-chat-check.ts FILE [MOST]`. A difference in text, ids or the
// assistant mask, or an error on one side only, is printed; exit status 1.
import { readFileSync } from 'node:fs';
import { type ChatMessage, encodeChat, loadTokenizer } from '@ashlar/tokenizer';
import { parseTemplateJson } from '@ashlar/tokenizer/chat-template';

interface Case {
  readonly config: object;
  readonly template: string;
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly unknown[];
  readonly documents?: readonly unknown[];
  readonly continueFinalMessage?: boolean | string;
  readonly addGenerationPrompt?: boolean;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly text?: string;
  readonly ids?: readonly number[];
  readonly mask?: readonly number[];
  readonly error?: string;
}

const [head, ...lines] = readFileSync(process.argv[2], 'utf8').trimEnd().split('\n');
const { tokenizer: json, now } = JSON.parse(head) as { tokenizer: string; now: string };
const most = Number(process.argv[3] ?? 5);
let differing = 0;
let errors = 0;
for (const [i, line] of lines.entries()) {
  const one = parseTemplateJson(line) as Case;
  const files: Record<string, string> = {
    'tokenizer.json': json,
    'tokenizer_config.json': JSON.stringify(one.config),
  };
  const tokenizer = await loadTokenizer({
    format: 'huggingface',
    file: async (name) => (files[name] === undefined ? undefined : new TextEncoder().encode(files[name])),
  });
  const { template, tools, documents, continueFinalMessage, addGenerationPrompt, variables } = one;
  let wrong: string | undefined;
  try {
    const got = encodeChat(tokenizer, one.messages, {
      template,
      now: new Date(now),
      ...(tools && { tools }),
      ...(documents && { documents }),
      ...(variables && { variables }),
      ...(continueFinalMessage && { continueFinalMessage }),
      addGenerationPrompt: addGenerationPrompt ?? false,
    });
    if (one.error !== undefined) wrong = `expected ${one.error}\n got ${JSON.stringify(got.text)}`;
    else if (got.text !== one.text)
      wrong = `expected ${JSON.stringify(one.text)}\n got ${JSON.stringify(got.text)}`;
    else if (got.ids.join() !== one.ids?.join()) wrong = `expected ids ${one.ids}\n got ${got.ids}`;
    else if (one.mask !== undefined && got.assistantMask.join() !== one.mask.join())
      wrong = `expected mask ${one.mask}\n got ${got.assistantMask}`;
  } catch (error) {
    errors++;
    if (one.error === undefined) wrong = `expected ${JSON.stringify(one.text)}\n got ${error}`;
  }
  if (wrong === undefined) continue;
  differing++;
  if (differing <= most)
    console.log(
      `case ${i} of ${JSON.stringify(template.slice(0, 60))}: ${JSON.stringify(one.messages)}\n ${wrong}\n`,
    );
}
console.log(`${lines.length} conversations (${errors} refused), ${differing} differences`);
process.exitCode = differing > 0 ? 1 : 0;
