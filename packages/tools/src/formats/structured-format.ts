// For engines whose calls come taken apart (OpenAI-compatible endpoints): the text is all content, results are messages.
import type { ToolFormat } from './format.ts';

/** The format of endpoints: no marks in the text. */
export const structuredFormat: ToolFormat = {
  name: 'structured',
  states: { content: { kind: 'text', as: 'content', marks: [] } },
  reading: 'json-calls',
  ids: 'none',
  render: {
    before: '',
    call: '',
    between: '',
    after: '',
    args: 'json',
    result: '{text}',
    splice: 'turn',
    resultRole: 'tool',
  },
};
