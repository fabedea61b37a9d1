// chat: a published template rendered for published conversations, byte for byte; where the reference fails, ours must too.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ChatMessage,
  ChatTemplateError,
  compileChatTemplate,
  parseTemplateJson,
} from '@ashlar/tokenizer/chat-template';
import type { GroupResult, Kind } from '../case.ts';

interface ChatCase {
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly unknown[];
  readonly documents?: readonly unknown[];
  readonly addGenerationPrompt?: boolean;
  readonly variables?: Readonly<Record<string, unknown>>;
  /** The date that strftime_now formats, at noon. */
  readonly now?: string;
  readonly text?: string;
  readonly error?: true;
}

export const kind: Kind = {
  async run(group): Promise<GroupResult> {
    // Not JSON.parse: a template prints 1.0 and 1 differently, and the keys of an object in their order
    const lines = (await readFile(join(group.path, 'cases.jsonl'), 'utf8')).split('\n');
    const cases = lines
      .filter((line) => line.trim() !== '')
      .map((line) => parseTemplateJson(line) as ChatCase);
    const source = await readFile(join(group.path, 'template.jinja'), 'utf8');
    const failures: string[] = [];
    cases.forEach((one, i) => {
      const wrong = check(source, one);
      if (wrong !== undefined) failures.push(`case ${i}: ${wrong}`);
    });
    return { passed: cases.length - failures.length, failures };
  },
};

function check(source: string, one: ChatCase): string | undefined {
  let text: string;
  try {
    const chat = compileChatTemplate(source).render(one.messages, {
      tools: one.tools ?? null,
      documents: one.documents ?? null,
      addGenerationPrompt: one.addGenerationPrompt ?? false,
      variables: one.variables ?? {},
      ...(one.now === undefined ? {} : { now: new Date(`${one.now.slice(0, 10)}T12:00:00`) }),
    });
    text = chat.text;
    const joined = chat.spans.map((span) => text.slice(span.start, span.end)).join('');
    if (joined !== text) return 'the spans do not cover the text';
  } catch (error) {
    if (!(error instanceof ChatTemplateError)) throw error;
    return one.error ? undefined : `expected text, got ${error.message}`;
  }
  if (one.error) return `expected an error, got ${JSON.stringify(text.slice(0, 60))}`;
  if (text === one.text) return undefined;
  let at = 0;
  while (text[at] === one.text?.[at]) at++;
  const show = (of: string | undefined) => JSON.stringify(of?.slice(Math.max(0, at - 20), at + 40));
  return `differs at ${at}: expected ${show(one.text)}, got ${show(text)}`;
}
