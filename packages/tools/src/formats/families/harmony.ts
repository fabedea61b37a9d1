// gpt-oss harmony: messages with headers. `to=functions.X` in the role or in the channel part makes a message a call; channel `analysis` is
// reasoning, `final` and a `commentary` without recipient are content. A call ends with `<|call|>`, which also ends the turn.
import type { Mark, Route, ToolFormat } from '../format.ts';

const routes: readonly Route[] = [
  { contains: 'to=', to: 'arguments', act: 'open', nameAfter: 'to=' },
  { contains: '<|channel|>analysis', to: 'reasoning' },
  { contains: 'analysis', to: 'reasoning' },
  { to: 'content' },
];
const header: Mark = { at: ['<|start|>'], to: 'header' };
const channel: Mark = { at: ['<|channel|>'], to: 'header', keep: true };
const ends: readonly Mark[] = [
  { at: ['<|end|>'], to: 'between' },
  { at: ['<|return|>'], to: 'between' },
  { at: ['<|call|>'], to: 'between' },
];

/** gpt-oss. */
export const harmony: ToolFormat = {
  name: 'harmony',
  start: [
    { promptEndsWith: '<|start|>assistant', state: 'header' },
    { promptEndsWith: '<|channel|>analysis<|message|>', state: 'reasoning' },
    { promptEndsWith: '<|message|>', state: 'content' },
  ],
  states: {
    content: { kind: 'text', as: 'content', marks: [header, channel, ...ends] },
    reasoning: { kind: 'text', as: 'reasoning', marks: [header, channel, ...ends] },
    between: { kind: 'text', as: 'nothing', marks: [header, channel] },
    header: { kind: 'capture', as: 'header', marks: [{ at: ['<|message|>'], to: 'content', routes }] },
    arguments: {
      kind: 'capture',
      as: 'arguments',
      lexer: 'json',
      marks: [
        { at: ['<|call|>'], to: 'between', act: 'close' },
        { at: ['<|end|>'], to: 'between', act: 'close' },
        { at: ['<|start|>'], to: 'header', act: 'close' },
      ],
      atEnd: 'close',
    },
  },
  begins: {
    header: { content: '<|channel|>final<|message|>', call: '' },
    between: { content: '<|start|>assistant<|channel|>final<|message|>', call: '<|start|>assistant' },
  },
  reading: 'json-arguments',
  ids: 'none',
  namePrefix: 'functions.',
  render: {
    before: '',
    call: '<|channel|>commentary to=functions.{name} <|constrain|>json<|message|>{args}',
    between: '<|call|><|start|>assistant',
    after: '<|call|>',
    args: 'json',
    result: '<|start|>functions.{name} to=assistant<|channel|>commentary<|message|>{text}<|end|>',
    splice: 'turn',
    resultRole: 'tool',
  },
};
