// Mistral: `[TOOL_CALLS]` and then either a JSON list with nine-character ids (up to tokenizer v7: Nemo, Large 2), or for every call
// `[TOOL_CALLS]name[CALL_ID]id[ARGS]{...}` (v11: Small 3.2) or `[TOOL_CALLS]name[ARGS]{...}` (v13: Devstral, Magistral, Ministral 3). No close
// marks: the JSON value's last bracket ends a call. `[THINK]` encloses the reasoning from v13 on.
import type { CaptureState, Mark, ToolFormat } from '../format.ts';
import { reasoningUntil } from './shared-states.ts';

const think: Mark = { at: ['[THINK]'], to: 'reasoning' };
const starts = [{ promptEndsWith: '[THINK]', state: 'reasoning' }] as const;
const value: CaptureState = {
  kind: 'capture',
  as: 'arguments',
  lexer: 'json',
  marks: [],
  whenComplete: { to: 'content', act: 'close' },
};
const results = {
  result: '[TOOL_RESULTS]{id}[TOOL_CONTENT]{text}[/TOOL_RESULTS]',
  splice: 'turn',
  resultRole: 'tool',
} as const;

/** Mistral up to tokenizer v7. */
export const mistralNemo: ToolFormat = {
  name: 'mistral-nemo',
  states: {
    content: {
      kind: 'text',
      as: 'content',
      marks: [{ at: ['[TOOL_CALLS]'], to: 'list', act: 'open' }, think],
    },
    reasoning: reasoningUntil('[/THINK]'),
    list: value,
  },
  reading: 'json-calls',
  ids: 'mistral',
  render: {
    before: '[TOOL_CALLS][',
    call: '{"name": {nameJson}, "arguments": {args}, "id": {idJson}}',
    between: ', ',
    after: ']',
    args: 'json',
    ...results,
    result: '[TOOL_RESULTS]{"content": {textJson}, "call_id": {idJson}}[/TOOL_RESULTS]',
  },
};

const later = (name: string, call: string): ToolFormat => ({
  name,
  start: starts,
  states: {
    content: {
      kind: 'text',
      as: 'content',
      marks: [{ at: ['[TOOL_CALLS]'], to: 'name', act: 'open' }, think],
    },
    reasoning: reasoningUntil('[/THINK]'),
    name: {
      kind: 'capture',
      as: 'name',
      marks: [
        { at: ['[CALL_ID]'], to: 'id' },
        { at: ['[ARGS]'], to: 'arguments' },
        { at: ['{'], to: 'arguments', keep: true },
      ],
    },
    id: {
      kind: 'capture',
      as: 'id',
      marks: [
        { at: ['[ARGS]'], to: 'arguments' },
        { at: ['{'], to: 'arguments', keep: true },
      ],
    },
    arguments: value,
  },
  reading: 'json-arguments',
  ids: 'mistral',
  render: { before: '', call, between: '', after: '', args: 'json', ...results },
});

/** Mistral Small 3.2 (tokenizer v11). */
export const mistralV11 = later('mistral-v11', '[TOOL_CALLS]{name}[CALL_ID]{id}[ARGS]{args}');
/** Devstral, Magistral, Ministral 3 (tokenizer v13). */
export const mistralV13 = later('mistral-v13', '[TOOL_CALLS]{name}[ARGS]{args}');
