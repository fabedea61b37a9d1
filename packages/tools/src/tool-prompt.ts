// What a model is told about tools, and how it is shown to use them, from the same objects that run them (for formats whose chat template says nothing:
// the special words, small models, base models). Few-shot examples run the real tools, so they cannot be wrong.

import { outcomeText } from './dispatch/outcome.ts';
import { toolOutcome } from './dispatch/tool-outcome.ts';
import { estimateTokens, memoryStore } from './dispatch/truncate-result.ts';
import type { ChatMessage } from './engines/engine.ts';
import type { ToolFormat } from './formats/format.ts';
import { formatOf } from './formats/formats.ts';
import { wordOf } from './formats/pattern.ts';
import { renderCalls, renderResults } from './formats/render-calls.ts';
import { mainParameter } from './formats/tool-signature.ts';
import { neutralise } from './guards/neutralise.ts';
import { isObject, type Json, type JsonObject, writeJson } from './json.ts';
import { type AnyTool, checkInput, schemaOf, signatureOf } from './tool.ts';

/**
 * The system message that explains `tools` for a format.
 *
 * @example
 * ```ts
 * import { toolInstructions } from '@ashlar/tools';
 * import { calculator } from '@ashlar/tools/calculator';
 * toolInstructions([calculator()], 'special-words').includes('|CALCULATOR| expression |') // => true
 * ```
 */
export function toolInstructions(tools: readonly AnyTool[], given: string | ToolFormat): string {
  const format = typeof given === 'string' ? formatOf(given) : given;
  const lines = tools.map((tool) => {
    const schema = schemaOf(tool);
    if (format.words) return `|${wordOf(tool.name)}| ${mainParameter(schema)} | ${tool.description}`;
    return writeJson(
      { name: tool.name, description: tool.description, parameters: schema as Json },
      'python',
    );
  });
  const example = renderCalls([{ name: 'NAME', arguments: { PARAMETER: 'VALUE' } }], format);
  const how = format.words
    ? `Write a tool's word with what it needs; the result follows at once${format.render.splice === 'inline' ? ' in the same sentence, then go on' : ''}:`
    : `Call a tool by writing ${example}. Tools:`;
  return `${how}\n${lines.join('\n')}\nUse a tool only where it helps.`;
}

/** One example of use: a question, text before the call, the call, text behind the result. */
export interface ToolExample {
  readonly question: string;
  readonly before?: string;
  readonly tool: string;
  readonly arguments: JsonObject;
  readonly after: string;
}

/**
 * Few-shot messages in which the tools are really run.
 *
 * @throws RangeError for an unknown tool or arguments that it refuses.
 */
export async function fewShotMessages(
  examples: readonly ToolExample[],
  tools: readonly AnyTool[],
  given: string | ToolFormat,
): Promise<ChatMessage[]> {
  const format = typeof given === 'string' ? formatOf(given) : given;
  const out: ChatMessage[] = [];
  for (const [index, example] of examples.entries()) {
    const tool = tools.find((t) => t.name === example.tool);
    if (tool === undefined) throw new RangeError(`examples[${index}].tool: there is no ${example.tool}`);
    const input = await checkInput(tool, example.arguments);
    if ('wrong' in input) throw new RangeError(`examples[${index}].arguments: ${input.wrong}`);
    const call = { id: `call_${index}`, name: tool.name, arguments: example.arguments, repairs: [], index };
    const answer = await tool.run(input.value, {
      signal: new AbortController().signal,
      callId: call.id,
      idempotencyKey: call.id,
      progress: () => {},
    });
    const { outcome } = toolOutcome(tool, call, answer, {
      maxTokens: 500,
      count: estimateTokens,
      store: memoryStore(),
    });
    const { text } = neutralise(outcomeText(outcome), { format, toolNames: tools.map((t) => t.name) });
    const written = renderCalls(
      [call],
      format,
      tools
        .map(signatureOf)
        .map((s) => ({ name: s.name, parameters: isObject(s.parameters) ? s.parameters : {} })),
    );
    out.push({ role: 'user', content: example.question });
    if (format.render.splice === 'inline')
      out.push({
        role: 'assistant',
        content: `${example.before ?? ''}${written}${renderResults([{ ...call, text }], format)}${example.after}`,
      });
    else
      out.push(
        {
          role: 'assistant',
          content: example.before ?? '',
          toolCalls: [{ id: call.id, name: call.name, arguments: call.arguments }],
        },
        { role: 'tool', content: text, toolCallId: call.id, name: call.name },
        { role: 'assistant', content: example.after },
      );
  }
  return out;
}
