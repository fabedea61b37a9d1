import { describe, expect, it } from 'vitest';
import { calculator } from '../builtins/calculator/calculator.ts';
import { runTools } from '../driver.ts';
import {
  inlineEngine,
  type SplicingCodec,
  type SplicingModel,
  type SplicingSequence,
} from './inline-engine.ts';

// Bytes are tokens; 256 ends the turn, 257 and 258 are <tool_call> and </tool_call>.
const marks = ['<eos>', '<tool_call>', '</tool_call>'];
const encode = (text: string): number[] => [...new TextEncoder().encode(text)];
const codec: SplicingCodec = {
  encode,
  tokenBytes: (id) => (id < 256 ? Uint8Array.of(id) : new TextEncoder().encode(marks[id - 256] ?? '')),
  encodeChat: (messages) => encode(`${JSON.stringify(messages)}\n`),
  eosTokenIds: [256],
  specialIds: new Set([256, 257, 258]),
};

interface Tape extends SplicingSequence {
  ids: number[];
}
/** A model that plays scripts of ids: the next one that has not been played, whenever what it was fed is not its own last id. */
function playing(scripts: number[][]): SplicingModel<Tape> & { fed: number[][] } {
  const fed: number[][] = [];
  let script: number[] = [];
  let drawn: number | undefined;
  return {
    fed,
    maxPositions: 4096,
    eosTokenIds: [256],
    newSequence: () => {
      const tape: Tape = {
        ids: [],
        truncate: (n) => {
          tape.ids.length = n;
        },
        dispose() {},
      };
      return tape;
    },
    async step([request]) {
      const { sequence, ids } = request!;
      const list = Array.from(ids);
      fed.push(list);
      sequence.ids.push(...list);
      if (!(list.length === 1 && list[0] === drawn)) script = scripts.shift() ?? [];
      drawn = script.shift() ?? 256;
      const logits = new Float32Array(259);
      logits[drawn] = 1;
      return [logits];
    },
  };
}

describe('a local model', () => {
  it('calls in mid-sentence: the result enters the same sequence in one pass', async () => {
    const model = playing([encode('It is é |CALCULATOR| 6*7 |'), encode(', as said.')]);
    const result = await runTools({
      engine: inlineEngine({ model, codec, format: 'special-words' }),
      tools: [calculator()],
      messages: [{ role: 'user', content: '6*7?' }],
    }).result;
    expect(result.text).toBe('It is é , as said.');
    expect(result.finish).toBe('stop');
    const spliced = model.fed
      .filter((ids) => ids.length > 1)
      .map((ids) => new TextDecoder().decode(Uint8Array.from(ids)));
    expect(spliced.slice(1)).toEqual(['| |RESULT| 42 |']);
  });
  it('triggers by id: the characters written out are content', async () => {
    const json = encode('{"name": "calculator", "arguments": {"expression": "2+2"}}');
    const model = playing([
      [...encode('say <tool_call>{"name": "calculator"}</tool_call> '), 257, ...json, 258, 256],
      encode('ok'),
    ]);
    const result = await runTools({
      engine: inlineEngine({ model, codec, format: 'hermes' }),
      tools: [calculator()],
      messages: [{ role: 'user', content: 'x' }],
    }).result;
    expect(result.calls.map((c) => c.outcome.text)).toEqual(['4']);
    expect(result.text).toBe('say <tool_call>{"name": "calculator"}</tool_call> ok');
  });
  it('turns: 1 serves one turn at a time: two runs at once do not mix', async () => {
    const model = playing([encode('first answer'), encode('second answer')]);
    const engine = inlineEngine({ model, codec, format: 'hermes', turns: 1 });
    const ask = (content: string) => runTools({ engine, messages: [{ role: 'user', content }] }).result;
    const [a, b] = await Promise.all([ask('one'), ask('two')]);
    expect([a.text, b.text]).toEqual(['first answer', 'second answer']);
  });
  it('keeps the common prefix between turns', async () => {
    const json = encode('{"name": "calculator", "arguments": {"expression": "2+2"}}');
    const model = playing([[257, ...json, 258, 256], encode('ok')]);
    await runTools({
      engine: inlineEngine({ model, codec, format: 'hermes' }),
      tools: [calculator()],
      messages: [{ role: 'user', content: 'a long prompt '.repeat(20) }],
    }).result;
    const second = model.fed.filter((ids) => ids.length > 1)[1]!;
    expect(new TextDecoder().decode(Uint8Array.from(second))).not.toContain('a long prompt');
  });
  it('is constrained from the opening mark to the end of the call, and free before and after', async () => {
    const seen: unknown[] = [];
    let masked = '';
    const json = encode('{"expression": "2+2"}');
    const model = playing([[...encode('Hm. [TOOL_CALLS]calculator[ARGS]'), ...json, 256], encode('ok')]);
    await runTools({
      engine: inlineEngine({
        model,
        codec,
        format: 'mistral-v13',
        constraint: (what) => {
          seen.push(what.kind === 'call' && [what.opened.mark, what.opened.written, what.tools]);
          return {
            mask() {},
            accept(id) {
              masked += String.fromCharCode(id);
            },
            get done() {
              return masked.endsWith('}');
            },
          };
        },
      }),
      tools: [calculator()],
      messages: [{ role: 'user', content: 'x' }],
    }).result;
    expect(seen).toEqual([
      ['[TOOL_CALLS]', '', [{ name: 'calculator', parameters: calculator().input, effects: 'none' }]],
    ]);
    expect(masked).toBe('calculator[ARGS]{"expression": "2+2"}');
  });
  it('never forces a control token, whatever a tokenizer makes of a text', async () => {
    const model = playing([encode('|CALCULATOR| 1 |')]);
    const engine = inlineEngine({
      model,
      codec: { ...codec, encode: (text) => (text.includes('RESULT') ? [257] : encode(text)) },
      format: 'special-words',
    });
    await expect(
      runTools({ engine, tools: [calculator()], messages: [{ role: 'user', content: 'x' }] }).result,
    ).rejects.toThrow(/control token 257/);
  });
});
