// Formats whose parameters are tags with raw text: Qwen3-Coder and 3.5, Seed-OSS, GLM 4.5-4.7, MiniMax M2. Raw text has no escapes and no types,
// so values are typed by the tool's schema, and a value ends only where its close tag is followed by what may follow it: source code that
// happens to contain `</parameter>` survives.
import type { Mark, RenderTemplate, State, ToolFormat } from '../format.ts';
import { reasoningUntil, thinkMarks, thinkStarts } from './shared-states.ts';

const turnResult = {
  result: '<tool_response>\n{text}\n</tool_response>',
  splice: 'turn',
  resultRole: 'tool',
} as const;

/** `<function=name>` with `<parameter=key>` inside `open` ... `close`. */
function functionTags(open: string, close: string, think: readonly [string, string]): Record<string, State> {
  return {
    content: {
      kind: 'text',
      as: 'content',
      marks: [
        { at: [open], to: 'section' },
        { at: [think[0]], to: 'reasoning' },
        { at: [think[1]], to: 'content', first: true, act: 'drop' },
        // The wrapper is sometimes left out.
        { at: ['<function=', { capture: 'name', of: 'tool' }, '>'], to: 'parameters', act: 'open' },
      ],
    },
    reasoning: reasoningUntil(think[1]),
    section: {
      kind: 'expect',
      marks: [
        { at: ['<function='], to: 'name', act: 'open' },
        { at: [close], to: 'content' },
      ],
      otherwise: 'content',
    },
    name: { kind: 'capture', as: 'name', marks: [{ at: ['>'], to: 'parameters' }] },
    parameters: {
      kind: 'expect',
      marks: [
        { at: ['<parameter='], to: 'key' },
        { at: ['</function>'], to: 'section', act: 'close' },
      ],
      otherwise: 'parameters',
    },
    key: { kind: 'capture', as: 'key', marks: [{ at: ['>'], to: 'value' }] },
    value: {
      kind: 'capture',
      as: 'value',
      marks: [{ at: ['</parameter>'], ahead: ['<parameter=', '</function>'], to: 'parameters' }],
    },
  };
}

const functionRender: RenderTemplate = {
  before: '',
  call: '<tool_call>\n<function={name}>\n{args}</function>\n</tool_call>',
  between: '\n',
  after: '',
  args: 'parameters',
  parameter: '<parameter={key}>\n{value}\n</parameter>\n',
  ...turnResult,
};

/** Qwen3-Coder, Qwen 3.5. */
export const qwen3Coder: ToolFormat = {
  name: 'qwen3-coder',
  start: thinkStarts,
  states: functionTags('<tool_call>', '</tool_call>', ['<think>', '</think>']),
  reading: 'parameters',
  padded: true,
  ids: 'none',
  render: functionRender,
};

/** ByteDance Seed-OSS. */
export const seedOss: ToolFormat = {
  name: 'seed-oss',
  start: [
    { promptEndsWith: '<seed:think>\n', state: 'reasoning' },
    { promptEndsWith: '<seed:think>', state: 'reasoning' },
  ],
  states: functionTags('<seed:tool_call>', '</seed:tool_call>', ['<seed:think>', '</seed:think>']),
  reading: 'parameters',
  ids: 'none',
  render: {
    ...functionRender,
    call: '<seed:tool_call>\n<function={name}>\n{args}</function>\n</seed:tool_call>',
    parameter: '<parameter={key}>{value}</parameter>\n',
    result: '{text}',
  },
};

const glmClose: Mark = { at: ['</tool_call>'], to: 'content', act: 'close' };
/** GLM 4.5, 4.6, 4.7. */
export const glm45: ToolFormat = {
  name: 'glm-4.5',
  start: thinkStarts,
  states: {
    content: {
      kind: 'text',
      as: 'content',
      marks: [{ at: ['<tool_call>'], to: 'name', act: 'open' }, ...thinkMarks],
    },
    reasoning: reasoningUntil('</think>'),
    name: {
      kind: 'capture',
      as: 'name',
      marks: [
        { at: ['<arg_key>'], to: 'parameters', keep: true },
        { at: ['</tool_call>'], to: 'parameters', keep: true },
      ],
    },
    parameters: {
      kind: 'expect',
      marks: [{ at: ['<arg_key>'], to: 'key' }, glmClose],
      otherwise: 'parameters',
    },
    key: { kind: 'capture', as: 'key', marks: [{ at: ['</arg_key>'], to: 'opening' }] },
    opening: {
      kind: 'expect',
      marks: [{ at: ['<arg_value>'], to: 'value' }, glmClose],
      otherwise: 'opening',
    },
    value: {
      kind: 'capture',
      as: 'value',
      marks: [{ at: ['</arg_value>'], ahead: ['<arg_key>', '</tool_call>'], to: 'parameters' }],
    },
  },
  reading: 'parameters',
  ids: 'none',
  render: {
    before: '',
    call: '<tool_call>{name}\n{args}</tool_call>',
    between: '\n',
    after: '',
    args: 'parameters',
    parameter: '<arg_key>{key}</arg_key>\n<arg_value>{value}</arg_value>\n',
    ...turnResult,
  },
};

/** MiniMax M2. */
export const minimaxM2: ToolFormat = {
  name: 'minimax-m2',
  start: thinkStarts,
  states: {
    content: {
      kind: 'text',
      as: 'content',
      marks: [{ at: ['<minimax:tool_call>'], to: 'section' }, ...thinkMarks],
    },
    reasoning: reasoningUntil('</think>'),
    section: {
      kind: 'expect',
      marks: [
        { at: ['<invoke name="'], to: 'name', act: 'open' },
        { at: ['</minimax:tool_call>'], to: 'content' },
      ],
      otherwise: 'content',
    },
    name: { kind: 'capture', as: 'name', marks: [{ at: ['">'], to: 'parameters' }] },
    parameters: {
      kind: 'expect',
      marks: [
        { at: ['<parameter name="'], to: 'key' },
        { at: ['</invoke>'], to: 'section', act: 'close' },
      ],
      otherwise: 'parameters',
    },
    key: { kind: 'capture', as: 'key', marks: [{ at: ['">'], to: 'value' }] },
    value: {
      kind: 'capture',
      as: 'value',
      marks: [{ at: ['</parameter>'], ahead: ['<parameter name="', '</invoke>'], to: 'parameters' }],
    },
  },
  reading: 'parameters',
  ids: 'none',
  render: {
    before: '<minimax:tool_call>\n',
    call: '<invoke name="{name}">\n{args}</invoke>\n',
    between: '',
    after: '</minimax:tool_call>',
    args: 'parameters',
    parameter: '<parameter name="{key}">{value}</parameter>\n',
    result: '<response>{text}</response>',
    splice: 'turn',
    resultRole: 'tool',
  },
};
