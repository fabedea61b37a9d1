// Llama 3.1/3.2/3.3: the whole reply is `{"name", "parameters"}`, ended by the turn, or `<|python_tag|>name.call(query="...")` for built-in
// tools (`<|eom_id|>` then asks for the result). Llama 4's own template puts the content between `<|python_start|>` and `<|python_end|>` and the JSON
// calls right behind, or behind prose without any mark. Llama 3.2 and 4 in pythonic dress: `[f(a=1), g(b="x")]`. Neither has a closing mark, so a call
// counts only when its brackets are closed and the turn has ended, or more text follows.
import type { CaptureState, Dress, Mark, ToolFormat } from '../format.ts';
import { reasoningUntil, thinkMarks, thinkStarts } from './shared-states.ts';

/** An object that begins as a known tool's call: also behind prose, where it counts only as the last thing of the reply. */
const namedObject = (to: string, ...before: string[]): Mark => ({
  at: [
    '{',
    ...before.flatMap((part) => [{ space: true } as const, part]),
    { space: true },
    '"name"',
    { space: true },
    ':',
    { space: true },
    '"',
    { capture: 'name', of: 'tool' },
    '"',
  ],
  to,
  act: 'open',
  later: true,
  keep: true,
});
const namedObjects: readonly Mark[] = [
  namedObject('trailing'),
  namedObject('typed-trailing', '"type"', ':', '"function"', ','),
];
const trailing: CaptureState = {
  kind: 'capture',
  as: 'arguments',
  lexer: 'json',
  marks: [],
  whenComplete: { to: 'behind-trailing' },
};
const bare: Dress = {
  before: '',
  call: '{"name": {nameJson}, "parameters": {args}}',
  between: '; ',
  after: '',
  args: 'json',
};
/** Behind `<|python_tag|>`. */
export const tag: Dress = { before: '', call: '', between: '', after: '', args: 'tag' };

/** Llama 3.1 JSON calls. */
export const llama31: ToolFormat = {
  name: 'llama-3.1',
  start: thinkStarts,
  states: {
    content: {
      kind: 'text',
      as: 'content',
      marks: [
        { at: ['{'], to: 'json', act: 'open', first: true, keep: true },
        { at: ['<|python_tag|>'], to: 'tag', act: 'open' },
        { at: ['<|python_start|>'], to: 'content', act: 'drop' },
        { at: ['<|python_end|>'], to: 'next', act: 'drop' },
        ...namedObjects,
        ...thinkMarks,
      ],
    },
    reasoning: reasoningUntil('</think>'),
    trailing,
    'typed-trailing': trailing,
    'behind-trailing': {
      kind: 'expect',
      marks: namedObjects.map(({ act: _, ...mark }) => mark),
      otherwise: 'content',
      last: true,
    },
    json: {
      kind: 'capture',
      as: 'arguments',
      lexer: 'json',
      marks: [],
      whenComplete: { to: 'after', act: 'close' },
      atEnd: 'close',
    },
    after: {
      kind: 'expect',
      marks: [
        { at: [';', { space: true }, '{'], to: 'semicolon', keep: true },
        { at: ['{'], to: 'json', act: 'open', keep: true },
      ],
      otherwise: 'content',
    },
    semicolon: { kind: 'expect', marks: [{ at: [';'], to: 'next' }], otherwise: 'content' },
    next: {
      kind: 'expect',
      marks: [{ at: ['{'], to: 'json', act: 'open', keep: true }],
      otherwise: 'content',
    },
    tag: { kind: 'capture', as: 'arguments', lexer: 'raw', marks: [], atEnd: 'close' },
  },
  reading: 'json-calls-or-content',
  readings: { tag: 'python-tag' },
  ids: 'none',
  render: {
    ...bare,
    args: 'json',
    result: '{text}',
    splice: 'turn',
    resultRole: 'ipython',
  },
  dresses: {
    'typed-trailing': {
      ...bare,
      call: '{"type": "function", "name": {nameJson}, "parameters": {args}}',
    },
    tag,
  },
};

/** Llama 3.2 and 4, and others that write a Python list of calls. */
export const llamaPythonic: ToolFormat = {
  name: 'llama-pythonic',
  start: thinkStarts,
  states: {
    content: {
      kind: 'text',
      as: 'content',
      marks: [
        { at: ['<|python_start|>'], to: 'marked', act: 'drop' },
        { at: ['<|tool_call_start|>'], to: 'marked', act: 'drop' },
        { at: ['<|python_end|>'], to: 'behind', act: 'drop' },
        { at: ['<|tool_call_end|>'], to: 'content', act: 'drop' },
        {
          at: ['[', { space: true }, { capture: 'name', of: 'tool' }, '('],
          to: 'calls',
          act: 'open',
          first: true,
          keep: true,
        },
        {
          at: ['[', { space: true }, { capture: 'name', of: 'tool' }, '('],
          to: 'calls',
          act: 'open',
          keep: true,
        },
        ...thinkMarks,
      ],
    },
    reasoning: reasoningUntil('</think>'),
    marked: {
      kind: 'expect',
      marks: [{ at: ['['], to: 'calls', act: 'open', keep: true }],
      otherwise: 'content',
    },
    behind: {
      kind: 'expect',
      marks: [{ at: ['{'], to: 'json', act: 'open', keep: true }],
      otherwise: 'content',
    },
    json: {
      kind: 'capture',
      as: 'arguments',
      lexer: 'json',
      marks: [],
      whenComplete: { to: 'behind', act: 'close' },
      atEnd: 'close',
    },
    calls: {
      kind: 'capture',
      as: 'arguments',
      lexer: 'python',
      marks: [
        { at: ['<|python_end|>'], to: 'behind', act: 'close' },
        { at: ['<|tool_call_end|>'], to: 'content', act: 'close' },
      ],
      whenComplete: { to: 'content', act: 'close' },
      atEnd: 'close',
    },
  },
  reading: 'python-calls',
  readings: { json: 'json-calls-or-content' },
  dresses: { json: bare },
  ids: 'none',
  render: {
    before: '[',
    call: '{name}({args})',
    between: ', ',
    after: ']',
    args: 'python',
    result: '{text}',
    splice: 'turn',
    resultRole: 'ipython',
  },
};
