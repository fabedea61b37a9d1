// DeepSeek: full-width bars. R1 and V3 write `function<｜tool▁sep｜>name` and the arguments in a json fence; V3.1 writes `name<｜tool▁sep｜>{...}`.
import type { Mark, ToolFormat } from '../format.ts';
import { reasoningUntil, thinkMarks, thinkStarts } from './shared-states.ts';

const begin: Mark = { at: ['<｜tool▁calls▁begin｜>'], to: 'section' };
// Where a prompt ends before the turn was opened (vLLM's V3.1 template without a generation prompt), the reply opens it.
const turn: Mark = { at: ['<｜Assistant｜>'], to: 'content', first: true, act: 'drop' };
const call = '<｜tool▁call▁begin｜>';
const callEnd = '<｜tool▁call▁end｜>';
const sectionEnd = '<｜tool▁calls▁end｜>';
const results = {
  result: '<｜tool▁output▁begin｜>{text}<｜tool▁output▁end｜>',
  splice: 'turn',
  resultRole: 'tool',
} as const;

/** DeepSeek R1, V3. */
export const deepseekR1: ToolFormat = {
  name: 'deepseek-r1',
  start: thinkStarts,
  states: {
    content: { kind: 'text', as: 'content', marks: [begin, turn, ...thinkMarks] },
    reasoning: reasoningUntil('</think>'),
    section: {
      kind: 'expect',
      marks: [
        { at: [call], to: 'kind', act: 'open' },
        { at: [sectionEnd], to: 'content' },
      ],
      otherwise: 'content',
    },
    kind: { kind: 'capture', as: 'nothing', marks: [{ at: ['<｜tool▁sep｜>'], to: 'name' }] },
    name: { kind: 'capture', as: 'name', marks: [{ at: ['\n', '```json'], to: 'arguments' }] },
    arguments: {
      kind: 'capture',
      as: 'arguments',
      lexer: 'json',
      marks: [{ at: ['```', { space: true }, callEnd], to: 'section', act: 'close' }],
    },
  },
  reading: 'json-arguments',
  ids: 'none',
  render: {
    before: '<｜tool▁calls▁begin｜>',
    call: '<｜tool▁call▁begin｜>function<｜tool▁sep｜>{name}\n```json\n{args}\n```<｜tool▁call▁end｜>',
    between: '\n',
    after: sectionEnd,
    args: 'json',
    ...results,
    resultsBefore: '<｜tool▁outputs▁begin｜>',
    resultsAfter: '<｜tool▁outputs▁end｜>',
  },
};

/** DeepSeek V3.1. */
export const deepseekV31: ToolFormat = {
  name: 'deepseek-v3.1',
  start: thinkStarts,
  states: {
    content: { kind: 'text', as: 'content', marks: [begin, turn, ...thinkMarks] },
    reasoning: reasoningUntil('</think>'),
    section: {
      kind: 'expect',
      marks: [
        { at: [call], to: 'name', act: 'open' },
        { at: [sectionEnd], to: 'content' },
      ],
      otherwise: 'content',
    },
    name: { kind: 'capture', as: 'name', marks: [{ at: ['<｜tool▁sep｜>'], to: 'arguments' }] },
    arguments: {
      kind: 'capture',
      as: 'arguments',
      lexer: 'json',
      marks: [{ at: [callEnd], to: 'section', act: 'close' }],
    },
  },
  reading: 'json-arguments',
  ids: 'none',
  render: {
    before: '<｜tool▁calls▁begin｜>',
    call: '<｜tool▁call▁begin｜>{name}<｜tool▁sep｜>{args}<｜tool▁call▁end｜>',
    between: '',
    after: sectionEnd,
    args: 'json',
    ...results,
  },
};
