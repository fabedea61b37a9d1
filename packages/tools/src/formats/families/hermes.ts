// `<tool_call>\n{"name", "arguments"}\n</tool_call>`: Hermes 2/3, Qwen 2.5, Qwen 3, QwQ, Granite 4. SmolLM2 writes a list of calls between the
// same marks (`[]` means no call), SmolLM3 also `<code>f(x=1)</code>`. Parallel calls repeat the block.
import type { CaptureState, Dress, Mark, RenderTemplate, ToolFormat } from '../format.ts';
import { reasoningUntil, thinkMarks, thinkStarts } from './shared-states.ts';

const close: Mark = { at: ['</tool_call>'], to: 'content', act: 'close' };
/** Arguments as JSON up to `</tool_call>`. */
export const untilToolCallEnd: CaptureState = {
  kind: 'capture',
  as: 'arguments',
  lexer: 'json',
  marks: [close],
};
const openCall: Mark = { at: ['<tool_call>'], to: 'arguments', act: 'open' };

const render: RenderTemplate = {
  before: '',
  call: '<tool_call>\n{"name": {nameJson}, "arguments": {args}}\n</tool_call>',
  between: '\n',
  after: '',
  args: 'json',
  result: '<tool_response>\n{text}\n</tool_response>',
  splice: 'turn',
  resultRole: 'tool',
};

const call: CaptureState = {
  ...untilToolCallEnd,
  marks: [{ at: ['</tool_call>'], to: 'after', act: 'close' }],
};
const unopened = { before: '', between: '', after: '', args: 'json' } as const;
const code: Dress = {
  before: '<code>',
  call: '{name}({args})',
  between: '\n',
  after: '</code>',
  args: 'python',
};

/** Hermes 2 Pro, Hermes 3, Qwen 2.5, Qwen 3. */
export const hermes: ToolFormat = {
  name: 'hermes',
  start: thinkStarts,
  states: {
    content: { kind: 'text', as: 'content', marks: [openCall, ...thinkMarks] },
    reasoning: reasoningUntil('</think>'),
    arguments: call,
    // Hermes 2 Pro's published template opens only the first of several calls.
    after: {
      kind: 'expect',
      marks: [
        { at: ['{', { space: true }, '"name"'], to: 'name-first', act: 'open', keep: true },
        { at: ['{', { space: true }, '"arguments"'], to: 'name-last', act: 'open', keep: true },
      ],
      otherwise: 'content',
    },
    'name-first': call,
    'name-last': call,
  },
  reading: 'json-calls',
  ids: 'none',
  render,
  dresses: {
    'name-first': { ...unopened, call: '{"name": {nameJson}, "arguments": {args}}\n</tool_call>' },
    'name-last': { ...unopened, call: '{"arguments": {args}, "name": {nameJson}}\n</tool_call>' },
  },
};

/** SmolLM2: a list of calls in one block. */
export const smollm2: ToolFormat = {
  name: 'smollm2',
  states: { content: { kind: 'text', as: 'content', marks: [openCall] }, arguments: untilToolCallEnd },
  reading: 'json-calls',
  ids: 'none',
  render: {
    ...render,
    before: '<tool_call>[\n',
    call: '{"name": {nameJson}, "arguments": {args}}',
    between: ',\n',
    after: '\n]</tool_call>',
  },
};

/** SmolLM3: Hermes blocks, or Python calls between `<code>` marks. */
export const smollm3: ToolFormat = {
  name: 'smollm3',
  start: thinkStarts,
  states: {
    content: {
      kind: 'text',
      as: 'content',
      marks: [openCall, { at: ['<code>'], to: 'code', act: 'open' }, ...thinkMarks],
    },
    reasoning: reasoningUntil('</think>'),
    arguments: untilToolCallEnd,
    code: {
      kind: 'capture',
      as: 'arguments',
      lexer: 'python',
      marks: [{ at: ['</code>'], to: 'content', act: 'close' }],
    },
  },
  reading: 'json-calls',
  readings: { code: 'python-calls' },
  dresses: { code },
  ids: 'none',
  render,
};
