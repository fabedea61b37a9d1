// Gemma 4: `<|tool_call>call:name{key:<|"|>text<|"|>,n:3}<tool_call|>`, its own quoting; reasoning in `<|channel>thought\n...<channel|>`.
import type { ToolFormat } from '../format.ts';

/** Gemma 4. */
export const gemma4: ToolFormat = {
  name: 'gemma-4',
  start: [{ promptEndsWith: '<|channel>thought\n', state: 'reasoning' }],
  states: {
    content: {
      kind: 'text',
      as: 'content',
      marks: [
        { at: ['<|tool_call>'], to: 'call' },
        { at: ['<|channel>'], to: 'channel' },
        { at: ['<channel|>'], to: 'content', first: true, act: 'drop' },
        // Templates end a turn that calls with the opening of the result.
        { at: ['<|tool_response>'], to: 'content', act: 'drop' },
      ],
    },
    channel: {
      kind: 'capture',
      as: 'nothing',
      marks: [
        { at: ['\n'], to: 'reasoning' },
        { at: ['<channel|>'], to: 'content' },
      ],
    },
    reasoning: { kind: 'text', as: 'reasoning', marks: [{ at: ['<channel|>'], to: 'content' }] },
    call: { kind: 'expect', marks: [{ at: ['call:'], to: 'name', act: 'open' }], otherwise: 'content' },
    name: { kind: 'capture', as: 'name', marks: [{ at: ['{'], to: 'arguments', keep: true }] },
    arguments: {
      kind: 'capture',
      as: 'arguments',
      lexer: 'gemma',
      marks: [{ at: ['<tool_call|>'], to: 'content', act: 'close' }],
    },
  },
  reading: 'gemma-arguments',
  ids: 'none',
  render: {
    before: '',
    call: '<|tool_call>call:{name}{args}<tool_call|>',
    between: '',
    after: '',
    args: 'gemma',
    result: '<|tool_response>response:{name}{value:<|"|>{text}<|"|>}<tool_response|>',
    splice: 'turn',
    resultRole: 'tool',
  },
};
