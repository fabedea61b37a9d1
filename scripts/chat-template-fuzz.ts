// Compares our templates with what scripts/chat-template-fuzz.py wrote: `node --conditions=@ashlar/source --import tsx scripts/chat-template-fuzz.ts FILE [MOST]`.
// A difference is printed with its program; exit status 1. Errors that are not a template's own (a bug of ours) count as differences.
import { readFileSync } from 'node:fs';
import { ChatTemplateError, compileChatTemplate } from '@ashlar/tokenizer/chat-template';

const [head, ...lines] = readFileSync(process.argv[2], 'utf8').split('\n');
const { variables, now } = JSON.parse(head) as { variables: Record<string, unknown>; now: string };
const most = Number(process.argv[3] ?? 5);
const { messages, tools, ...rest } = variables as { messages: { role: string }[]; tools: unknown[] };

let compared = 0;
let differing = 0;
for (const line of lines) {
  if (line === '') continue;
  const [source, expected] = JSON.parse(line) as [string, string | null];
  let got: string | null;
  let reason = '';
  try {
    got = compileChatTemplate(source).render(messages, {
      tools,
      variables: { ...rest, add_generation_prompt: undefined },
      now: new Date(now),
    }).text;
  } catch (error) {
    got = error instanceof ChatTemplateError ? null : 'not a ChatTemplateError';
    reason = String(error);
  }
  compared++;
  if (got === expected) continue;
  differing++;
  if (differing > most) continue;
  console.log(
    `${source}\n expected ${JSON.stringify(expected)}\n got      ${JSON.stringify(got)} ${reason}\n`,
  );
}
console.log(`${compared} programs, ${differing} differences`);
process.exitCode = differing > 0 ? 1 : 0;
