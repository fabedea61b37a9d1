// Reads on in a result that was cut: the model was told a handle.
import { checkOptions } from '../check-options.ts';
import type { ResultStore } from '../dispatch/truncate-result.ts';
import { type AnyTool, type Tool, toolResult } from '../tool.ts';

/** The tool `read_more` over the store that `runTools` was given. Its label stays that of tool results: untrusted. */
export function readMore(store: ResultStore, options: { readonly chars?: number } = {}): AnyTool {
  checkOptions(options, ['chars'], 'readMore');
  const { chars = 4000 } = options;
  const tool: Tool<{ readonly handle: string; readonly from?: number }> = {
    name: 'read_more',
    description: 'Reads on in a long result, from a character on.',
    input: {
      type: 'object',
      properties: { handle: { type: 'string', maxLength: 64 }, from: { type: 'integer', minimum: 0 } },
      required: ['handle'],
      additionalProperties: false,
    },
    effects: 'read',
    idempotent: true,
    result: { private: true },
    run({ handle, from = 0 }) {
      const text = store.get(handle);
      if (text === undefined)
        return toolResult(`There is no ${JSON.stringify(handle.slice(0, 64))}.`, { isError: true });
      const part = text.slice(from, from + chars);
      const end = from + part.length;
      return end < text.length ? `${part}\n[... ${text.length - end} characters follow; from: ${end}]` : part;
    },
  };
  return tool;
}
