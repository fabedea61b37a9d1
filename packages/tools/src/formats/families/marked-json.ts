// Families with marks of their own around JSON: Kimi K2 (ids `functions.NAME:INDEX` carry the name), Granite 3 and 4, Phi-4-mini, and MeetKai's
// Functionary (v3.1: `<function=name>{...}</function>`, v3.2: `>>>name\n{...}` where `all` is the content).
import type { Dress, Mark, State, ToolFormat } from '../format.ts';
import { tag } from './llama.ts';
import { reasoningUntil, thinkMarks, thinkStarts } from './shared-states.ts';

/** Moonshot's Kimi K2. */
export const kimiK2: ToolFormat = {
  name: 'kimi-k2',
  start: thinkStarts,
  states: {
    content: {
      kind: 'text',
      as: 'content',
      marks: [{ at: ['<|tool_calls_section_begin|>'], to: 'section' }, ...thinkMarks],
    },
    reasoning: reasoningUntil('</think>'),
    section: {
      kind: 'expect',
      marks: [
        { at: ['<|tool_call_begin|>'], to: 'name', act: 'open' },
        { at: ['<|tool_calls_section_end|>'], to: 'content' },
      ],
      otherwise: 'content',
    },
    name: { kind: 'capture', as: 'name', marks: [{ at: ['<|tool_call_argument_begin|>'], to: 'arguments' }] },
    arguments: {
      kind: 'capture',
      as: 'arguments',
      lexer: 'json',
      marks: [{ at: ['<|tool_call_end|>'], to: 'section', act: 'close' }],
    },
  },
  reading: 'json-arguments',
  ids: 'kimi',
  namePrefix: 'functions.',
  render: {
    before: '<|tool_calls_section_begin|>',
    call: '<|tool_call_begin|>{id}<|tool_call_argument_begin|>{args}<|tool_call_end|>',
    between: '',
    after: '<|tool_calls_section_end|>',
    args: 'json',
    result: '## Return of {id}\n{text}',
    splice: 'turn',
    resultRole: 'tool',
  },
};

const listThen = (close: string, to: string): Record<string, State> => ({
  [to]: {
    kind: 'capture',
    as: 'arguments',
    lexer: 'json',
    marks: [],
    whenComplete: { to: `${to}-end`, act: 'close' },
    atEnd: 'close',
  },
  [`${to}-end`]: { kind: 'expect', marks: [{ at: [close], to: 'content' }], otherwise: 'content' },
});
const nothing: Pick<Mark, 'to' | 'act'> = { to: 'content', act: 'drop' };

const object: Dress = {
  before: '',
  call: '{"name": {nameJson}, "arguments": {args}}',
  between: ', ',
  after: '',
  args: 'json',
};

/** IBM Granite: `<|tool_call|>[...]` (3.x), `<tool_call>{...}</tool_call>` (4.x), `<function_call> {...}` (20b). */
export const granite: ToolFormat = {
  name: 'granite',
  start: thinkStarts,
  states: {
    content: {
      kind: 'text',
      as: 'content',
      marks: [
        { at: ['<|tool_call|>'], to: 'list', act: 'open' },
        { at: ['<tool_call>'], to: 'block', act: 'open' },
        { at: ['<function_call>'], to: 'object', act: 'open' },
        { at: ['<response>'], ...nothing },
        { at: ['</response>'], ...nothing },
        ...thinkMarks,
      ],
    },
    reasoning: reasoningUntil('</think>'),
    ...listThen('<|/tool_call|>', 'list'),
    ...listThen('</tool_call>', 'block'),
    ...listThen('</function_call>', 'object'),
  },
  reading: 'json-calls',
  ids: 'none',
  dresses: {
    block: { ...object, call: `<tool_call>\n${object.call}\n</tool_call>` },
    object: { ...object, call: `<function_call>${object.call}` },
  },
  render: {
    before: '<|tool_call|>[',
    call: '{"name": {nameJson}, "arguments": {args}}',
    between: ', ',
    after: ']',
    args: 'json',
    result: '{text}',
    splice: 'turn',
    resultRole: 'tool',
  },
};

/** Phi-4-mini: `<|tool_call|>...<|/tool_call|>`, `functools[...]`, or the bare objects that vLLM's template writes. */
export const phi4: ToolFormat = {
  name: 'phi-4',
  start: thinkStarts,
  states: {
    content: {
      kind: 'text',
      as: 'content',
      marks: [
        { at: ['<|tool_call|>'], to: 'list', act: 'open' },
        { at: ['functools'], ahead: ['['], to: 'functools' },
        { at: ['{'], to: 'bare', act: 'open', first: true, keep: true },
        ...thinkMarks,
      ],
    },
    reasoning: reasoningUntil('</think>'),
    functools: {
      kind: 'expect',
      marks: [{ at: ['['], to: 'functools-list', act: 'open', keep: true }],
      otherwise: 'content',
    },
    ...listThen('<|/tool_call|>', 'list'),
    ...listThen('<|/tool_call|>', 'functools-list'),
    bare: {
      kind: 'capture',
      as: 'arguments',
      lexer: 'python',
      marks: [],
      whenComplete: { to: 'bare-end', act: 'close' },
      atEnd: 'close',
    },
    'bare-end': { kind: 'expect', marks: [{ at: [','], to: 'bare-next' }], otherwise: 'content' },
    'bare-next': {
      kind: 'expect',
      marks: [{ at: ['{'], to: 'bare', act: 'open', keep: true }],
      otherwise: 'content',
    },
  },
  reading: 'json-calls',
  readings: { bare: 'json-calls-or-content' },
  dresses: { bare: object, 'functools-list': { ...object, before: '[', after: ']' } },
  ids: 'none',
  render: {
    before: '',
    call: '<|tool_call|>{"name": {nameJson}, "arguments": {args}}<|/tool_call|>',
    between: '',
    after: '',
    args: 'json',
    result: '<|tool_response|>{textJson}',
    splice: 'turn',
    resultRole: 'tool',
  },
};

/** MeetKai Functionary v3.1. */
export const functionaryV31: ToolFormat = {
  name: 'functionary-v3.1',
  states: {
    content: {
      kind: 'text',
      as: 'content',
      marks: [
        { at: ['<function='], to: 'name', act: 'open' },
        { at: ['<|python_tag|>'], to: 'tag', act: 'open' },
      ],
    },
    name: { kind: 'capture', as: 'name', marks: [{ at: ['>'], to: 'arguments' }] },
    arguments: {
      kind: 'capture',
      as: 'arguments',
      lexer: 'json',
      marks: [{ at: ['</function>'], to: 'content', act: 'close' }],
    },
    tag: { kind: 'capture', as: 'arguments', lexer: 'raw', marks: [], atEnd: 'close' },
  },
  reading: 'json-arguments',
  readings: { tag: 'python-tag' },
  dresses: { tag },
  ids: 'none',
  render: {
    before: '',
    call: '<function={name}>{args}</function>',
    between: '',
    after: '',
    args: 'json',
    result: '{text}',
    splice: 'turn',
    resultRole: 'ipython',
  },
};

const recipients: readonly Mark[] = [
  { at: ['>>>', 'all\n'], to: 'content', act: 'drop' },
  { at: ['>>>', { capture: 'name', of: 'tool' }, '\n'], to: 'arguments', act: 'open', first: true },
  { at: ['>>>', { capture: 'name', of: 'tool' }, '\n'], to: 'arguments', act: 'open' },
];
/** MeetKai Functionary v3.2. */
export const functionaryV32: ToolFormat = {
  name: 'functionary-v3.2',
  start: [{ promptEndsWith: '>>>', state: 'recipient' }],
  states: {
    content: { kind: 'text', as: 'content', marks: recipients },
    recipient: {
      kind: 'capture',
      as: 'header',
      marks: [
        {
          at: ['\n'],
          to: 'content',
          routes: [
            { equals: 'all', to: 'content' },
            { to: 'arguments', act: 'open', nameIsCapture: true },
          ],
        },
      ],
    },
    arguments: {
      kind: 'capture',
      as: 'arguments',
      lexer: 'json',
      marks: [
        { at: ['>>>', 'all\n'], to: 'content', act: 'close' },
        { at: ['>>>'], to: 'recipient', act: 'close' },
      ],
      atEnd: 'close',
    },
  },
  begins: { recipient: { content: 'all\n', call: '', opened: '>>>' } },
  reading: 'json-arguments',
  ids: 'none',
  render: {
    before: '',
    call: '>>>{name}\n{args}',
    between: '',
    after: '',
    args: 'json',
    result: '{text}',
    splice: 'turn',
    resultRole: 'tool',
  },
};
