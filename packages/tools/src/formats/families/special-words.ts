// The talk's special words: `|CALCULATOR| 12 * 7 |` in mid-sentence, the result spliced right behind (`|RESULT| 84 |`) and the sentence goes on.
// A word is a tool's name in capitals. The text up to the next bar is the tool's main parameter; a JSON object gives all of them.
import type { ToolFormat } from '../format.ts';

/** The talk's special words. */
export const specialWords: ToolFormat = {
  name: 'special-words',
  states: {
    content: {
      kind: 'text',
      as: 'content',
      marks: [{ at: ['|', { capture: 'name', of: 'tool' }, '|'], to: 'arguments', act: 'open' }],
    },
    arguments: {
      kind: 'capture',
      as: 'arguments',
      lexer: 'json',
      marks: [{ at: ['|'], to: 'content', act: 'close' }],
    },
  },
  reading: 'main-argument',
  ids: 'none',
  words: true,
  render: {
    before: '',
    call: '|{word}| {args} |',
    between: ' ',
    after: '',
    args: 'main',
    result: ' |RESULT| {text} |',
    splice: 'inline',
  },
};
