// Tool calls in published formats: a reply must read the same whole, cut in two at every place, and byte by byte.
import { isDeepStrictEqual } from 'node:util';
import { gatherReply, type ParseEvent, ToolCallParser } from '@ashlar/tools';
import { type Kind, readCases, readJson } from '../case.ts';

interface Case {
  readonly text: string;
  readonly promptTail?: string;
  readonly tools?: readonly unknown[];
  readonly content: string;
  readonly reasoning?: string;
  readonly calls: readonly { readonly name: string; readonly arguments: unknown; readonly id?: string }[];
}

export const kind: Kind = {
  async run(group) {
    const meta = await readJson<{ readonly format: string }>(group, 'meta.json');
    if (meta === undefined) return { passed: 0, failures: [`${group.name}: no meta.json`] };
    const cases = await readCases<Case>(group);
    const failures: string[] = [];
    for (const [number, given] of cases.entries()) {
      const wrong = check(given, meta.format);
      if (wrong === undefined) continue;
      // Some published templates drop the content beside calls: then no reader can give it back, and the line says so.
      const dropped = given.content.trim() !== '' && !given.text.includes(given.content.trim());
      failures.push(
        `${group.name} case ${number + 1}: ${wrong}${dropped ? ' (the template dropped it: it is not in the text)' : ''}`,
      );
    }
    return { passed: cases.length - failures.length, failures };
  },
};

function check(given: Case, format: string): string | undefined {
  const { content } = given;
  const bytes = new TextEncoder().encode(given.text);
  const ways: [string, readonly (string | Uint8Array)[]][] = [['whole', [given.text]]];
  for (let i = 1; i < bytes.length; i++)
    ways.push([`split at byte ${i}`, [bytes.subarray(0, i), bytes.subarray(i)]]);
  ways.push(['byte by byte', Array.from(bytes, (_, i) => bytes.subarray(i, i + 1))]);
  for (const [way, pieces] of ways) {
    const events: ParseEvent[] = [];
    try {
      const parser = new ToolCallParser({
        format,
        tools: given.tools ?? [],
        ...(given.promptTail === undefined ? {} : { promptTail: given.promptTail }),
      });
      for (const piece of pieces) events.push(...parser.push(piece));
      events.push(...parser.end('stop'));
    } catch (error) {
      return `${way}: ${error instanceof Error ? error.message : String(error)}`;
    }
    const reply = gatherReply(events);
    const calls = reply.calls.map((call, i) => ({
      name: call.name,
      arguments: call.arguments,
      ...(given.calls[i]?.id === undefined ? {} : { id: call.id }),
    }));
    if (!isDeepStrictEqual(calls, given.calls))
      return `${way}: calls ${JSON.stringify(calls)}, expected ${JSON.stringify(given.calls)}`;
    if (reply.content.trim() !== content.trim())
      return `${way}: content ${JSON.stringify(reply.content)}, expected ${JSON.stringify(content)}`;
    if (given.reasoning !== undefined && reply.reasoning.trim() !== given.reasoning.trim())
      return `${way}: reasoning ${JSON.stringify(reply.reasoning)}, expected ${JSON.stringify(given.reasoning)}`;
  }
  return undefined;
}
