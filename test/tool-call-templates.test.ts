// The strongest oracle of the formats: what a published chat template writes of any calls, our parser reads back. The templates are those of
// the goldens, rendered by our own engine (which the goldens hold to Jinja2's byte for byte).
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ChatMessage, compileChatTemplate } from '@ashlar/tokenizer/chat-template';
import { gatherReply, type ParsedReply, ToolCallParser } from '@ashlar/tools';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyCall, anyCallTools, anyText } from '../packages/tools/src/formats/fixtures/any-calls.ts';

const folder = join(import.meta.dirname, '../../shared/goldens/chat');

interface Published {
  readonly template: string;
  readonly format: string;
  /** Strings without escapes end at their close tag. */
  readonly raw?: true;
  /** Whether it takes one call a turn only. */
  readonly single?: true;
  /** It leaves out the content of a message with calls. */
  readonly dropsContent?: true;
}
const published: readonly Published[] = [
  {
    template: 'hf-16-NousResearch-Hermes-2-Pro-Llama-3-8B-JSON-Schema',
    format: 'hermes',
    dropsContent: true,
  },
  { template: 'model-Qwen-QwQ-32B', format: 'hermes' },
  { template: 'model-Qwen-Qwen2.5-7B-Instruct', format: 'hermes' },
  { template: 'model-Qwen-Qwen3-0.6B', format: 'hermes' },
  {
    template: 'hf-17-meta-llama-Llama-3.1-8B-Instruct',
    format: 'llama-3.1',
    single: true,
    dropsContent: true,
  },
  { template: 'hf-20-Qwen-Qwen3.5-4B', format: 'qwen3-coder', raw: true },
  {
    template: 'hf-15-mistralai-Mistral-7B-Instruct-v0.3-JSON-Schema',
    format: 'mistral-nemo',
    dropsContent: true,
  },
  { template: 'model-mistralai-Mistral-Nemo-Instruct-2407', format: 'mistral-nemo', dropsContent: true },
  { template: 'model-Mistral-Small-3.2-24B-Instruct-2506', format: 'mistral-v11', dropsContent: true },
  { template: 'model-deepseek-ai-DeepSeek-R1-Distill-Qwen-32B', format: 'deepseek-r1', dropsContent: true },
  { template: 'model-GLM-4.6', format: 'glm-4.5', raw: true },
  { template: 'model-ByteDance-Seed-OSS', format: 'seed-oss', raw: true },
  { template: 'model-moonshotai-Kimi-K2', format: 'kimi-k2' },
  { template: 'model-meetkai-functionary-medium-v3.1', format: 'functionary-v3.1' },
];

// Templates write null, and values of no type, as they like: neither can be read back for certain (and one published template never ends on them).
const names = ['now', 'write_file', 'typed-values'];
const tools = anyCallTools.slice(0, names.length);
const sayable = (published: Published): fc.Arbitrary<string> =>
  published.raw ? anyText.filter((text) => !/<\/|\r/.test(text)) : anyText;
const calls = (given: Published) =>
  fc.array(anyCall(sayable(given), { nulls: false, tools: names }), {
    minLength: 1,
    maxLength: given.single ? 1 : 3,
  });

const ends =
  /(?:<\|im_end\|>|<\/s>|<\|eot_id\|>|<\|eom_id\|>|<\|end_of_text\|>|<｜end▁of▁sentence｜>|<seed:eos>|<\|endoftext\|>)[\s\S]*$/;
/** What the template writes behind the prompt for an assistant's message: its end of turn left out. */
function written(
  source: string,
  message: ChatMessage,
): { readonly text: string; readonly promptTail: string } {
  const template = compileChatTemplate(source);
  const options = {
    tools,
    variables: { bos_token: '<s>', eos_token: '</s>' },
    now: new Date(2025, 6, 10, 12),
  };
  const user = { role: 'user', content: 'go' };
  const prompt = template.render([user], { ...options, addGenerationPrompt: true }).text;
  const whole = template.render([user, message], { ...options, addGenerationPrompt: false }).text;
  let common = 0;
  while (common < prompt.length && prompt[common] === whole[common]) common++;
  // A prompt that opens a `<think>` which the finished turn does not have parts from it in the middle of a mark.
  const open = whole.lastIndexOf('<', common - 1);
  if (common < prompt.length && !whole.slice(open, common).includes('>')) common = open;
  return { promptTail: whole.slice(0, common), text: whole.slice(common).replace(ends, '') };
}
const message = (
  content: string,
  given: readonly { name: string; arguments: object }[],
  kimi: boolean,
): ChatMessage => ({
  role: 'assistant',
  content,
  tool_calls: given.map((call, i) => ({
    id: kimi ? `functions.${call.name}:${i}` : `call0000${i}`,
    type: 'function',
    function: call,
  })),
});
const read = (pieces: readonly (string | Uint8Array)[], format: string, promptTail: string): ParsedReply => {
  const parser = new ToolCallParser({ format, tools, promptTail: promptTail.slice(-64) });
  return gatherReply([...pieces.flatMap((piece) => parser.push(piece)), ...parser.end('stop')]);
};

describe.skipIf(!existsSync(folder))('calls as published templates write them', () => {
  for (const one of published)
    it(`${one.template}: reading gives back what was rendered`, () => {
      const source = readFileSync(join(folder, one.template, 'template.jinja'), 'utf8');
      const content = fc.constantFrom('', 'I will look it up.', 'Two\n\nparagraphs.');
      fc.assert(
        fc.property(calls(one), content, (given, said) => {
          const { text, promptTail } = written(source, message(said, given, one.format === 'kimi-k2'));
          for (const pieces of [
            [text],
            Array.from(new TextEncoder().encode(text), (byte) => Uint8Array.of(byte)),
          ]) {
            const reply = read(pieces, one.format, promptTail);
            expect(reply.calls.map(({ name, arguments: args }) => ({ name, arguments: args }))).toEqual(
              given,
            );
            expect(reply.content.trim()).toBe(one.dropsContent ? '' : said);
            expect([...reply.malformed, ...reply.incomplete]).toEqual([]);
          }
        }),
        { numRuns: Number(process.env['FUZZ_RUNS'] ?? 40) },
      );
    });

  it('a template that drops the content beside calls writes the same text for any content: no reader can tell', () => {
    for (const { template, dropsContent } of published) {
      if (!dropsContent) continue;
      const source = readFileSync(join(folder, template, 'template.jinja'), 'utf8');
      const call = [{ name: 'now', arguments: {} }];
      const [with_, without] = ['I will look it up.', ''].map((said) =>
        written(source, message(said, call, false)),
      );
      expect(with_, template).toEqual(without);
    }
  });
});
