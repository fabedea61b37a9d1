// The rules of detection and of arguments, one law each, by their numbers: what the rest of the package's tests hold in depth is here in a line,
// so that the list can be walked.
import { describe, expect, it } from 'vitest';
import { runTools } from '../driver.ts';
import { scriptedEngine } from '../engines/scripted-engine.ts';
import type { EndReason, ParseEvent } from '../formats/parse-event.ts';
import { gatherReply, type ParsedReply } from '../formats/parse-reply.ts';
import type { ToolCallParserOptions } from '../formats/parser-options.ts';
import { ToolCallParser } from '../formats/tool-call-parser.ts';
import type { AnyTool } from '../tool.ts';
import { grammarHandOff } from './grammar-hand-off.ts';

const signature = {
  name: 'look',
  parameters: {
    type: 'object',
    properties: { q: { type: 'string' }, n: { type: 'integer' }, o: { type: 'object' } },
  },
};
const tool = (name: string, ran: unknown[], more: Partial<AnyTool> = {}): AnyTool => ({
  name,
  description: name,
  effects: 'none',
  input: signature.parameters as AnyTool['input'],
  run: (input) => `done ${ran.push(input)}`,
  ...more,
});
type Piece = string | Uint8Array | { readonly special: string };
const read = (
  pieces: readonly Piece[],
  options: Partial<ToolCallParserOptions> = {},
  end: EndReason = 'stop',
): ParsedReply & { events: ParseEvent[] } => {
  const parser = new ToolCallParser({ format: 'hermes', tools: [signature], ...options });
  const events = pieces.flatMap((piece) =>
    typeof piece === 'object' && 'special' in piece
      ? parser.push(piece.special, { special: true })
      : parser.push(piece),
  );
  events.push(...parser.end(end));
  return { ...gatherReply(events), events };
};
const call = (args = '{"q": "x"}'): string => `<tool_call>{"name": "look", "arguments": ${args}}</tool_call>`;
const contents = (events: readonly ParseEvent[]): string[] =>
  events.flatMap((event) => (event.type === 'content' ? [event.text] : []));
const run = async (text: string, tools: readonly AnyTool[], format = 'hermes') =>
  (
    await runTools({
      engine: scriptedEngine([text, 'Done.'], { format }),
      tools,
      messages: [{ role: 'user', content: 'go' }],
    }).result
  ).calls;

describe('detection', () => {
  it('rule 1: marks that are special tokens match as ids only; their characters are content', () => {
    const specialMarks = ['<tool_call>', '</tool_call>'];
    const inner = '{"name": "look", "arguments": {}}';
    expect(read([call('{}')], { specialMarks })).toMatchObject({ calls: [], content: call('{}') });
    const ids = [{ special: '<tool_call>' }, inner, { special: '</tool_call>' }];
    expect(read(ids, { specialMarks }).calls).toHaveLength(1);
  });
  it('rule 2: a result that holds a call triggers nothing', async () => {
    const ran: unknown[] = [];
    const tools = [
      tool('look', ran, { run: (input) => `${ran.push(input)} |LOOK| again | |LOOK| and again |` }),
    ];
    const engine = scriptedEngine(['So |LOOK| once |', ', done.'], { format: 'special-words' });
    const result = await runTools({ engine, tools, messages: [{ role: 'user', content: 'go' }] }).result;
    expect(ran).toEqual([{ q: 'once' }]);
    // What was forced is no text of the model's either.
    expect(result.text).toBe('So , done.');
  });
  it('rule 3: a mark may begin and end inside a token, and what follows it belongs to the next region', () => {
    const { content, calls } = read([
      'So <tool',
      '_call>{"name": "look", "argum',
      'ents": {}}</tool_',
      'call> then',
    ]);
    expect([content, calls.length]).toEqual(['So  then', 1]);
  });
  it('rule 4: the longest suffix that may become a mark is held back, and let out when it does not', () => {
    const parser = new ToolCallParser({ format: 'hermes', tools: [signature] });
    expect(contents(parser.push('a < b <tool_'))).toEqual(['a < b ']);
    expect(contents(parser.push('box'))).toEqual(['<tool_box']);
    expect(contents([...parser.push('<thin'), ...parser.end('stop')]).join('')).toBe('<thin');
  });
  it('rule 5: half a character is never shown', () => {
    const bytes = new TextEncoder().encode('né 🗼');
    const parser = new ToolCallParser({ format: 'hermes' });
    const shown = Array.from(bytes, (byte) => contents(parser.push(Uint8Array.of(byte))).join(''));
    expect(shown.join('')).toBe('né 🗼');
    expect(shown.every((text) => !text.includes('\ufffd'))).toBe(true);
  });
  it('rule 6: any chunking gives the same reply', () => {
    const text = `<think>hm</think>é ${call()}\n${call('{"q": "</tool_call>"}')} end`;
    const { events: _, ...whole } = read([text]);
    const bytes = new TextEncoder().encode(text);
    for (let size = 1; size < 9; size++) {
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.subarray(i * size, (i + 1) * size),
      );
      const { events: _, ...cut } = read(pieces);
      expect(cut, `pieces of ${size}`).toEqual(whole);
    }
  });
  it('rule 7: one piece may hold the end of one call and the beginning of the next', () => {
    const text = call('{"q": "1"}') + call('{"q": "2"}');
    const at = text.indexOf('"1"');
    expect(
      read([text.slice(0, at), text.slice(at, at + 40), text.slice(at + 40)]).calls.map((c) => c.arguments),
    ).toEqual([{ q: '1' }, { q: '2' }]);
  });
  it('rule 8: no call opens in thought, and none closes in a string', () => {
    const thought = read([`<think>${call()}</think>ok`]);
    expect([thought.calls, thought.reasoning, thought.content]).toEqual([[], call(), 'ok']);
    expect(read([call('{"q": "a</tool_call>b"}')]).calls[0]?.arguments).toEqual({ q: 'a</tool_call>b' });
  });
});

describe('arguments', () => {
  it('rule 9: arguments that parse already are no call before the closing mark', () => {
    const parser = new ToolCallParser({ format: 'hermes', tools: [signature] });
    const events = parser.push('<tool_call>{"name": "look", "arguments": {"q": "x"}}');
    expect(events.map((event) => event.type)).toEqual(['call-open', 'call-text']);
    expect(parser.push('</tool_call>').map((event) => event.type)).toEqual(['call']);
  });
  it('rule 10: length, abort and error in a call leave it incomplete; the end of a turn finishes it only where the format says so', () => {
    for (const end of ['length', 'abort', 'error'] as const) {
      const cut = read(
        ['{"name": "look", "parameters": {"q": "x"}}'.slice(0, -1)],
        { format: 'llama-3.1' },
        end,
      );
      expect([cut.calls, cut.incomplete.length]).toEqual([[], 1]);
    }
    expect(read(['{"name": "look", "parameters": {"q": "x"}}'], { format: 'llama-3.1' }).calls).toHaveLength(
      1,
    );
    expect(read([call().slice(0, -12)]).calls).toEqual([]);
  });
  it('rule 11: only complete text is repaired, the repair is named, and it has no effects', async () => {
    expect(
      read(["<tool_call>{'name': 'look', 'arguments': {'q': 'x'}}</tool_call>"]).calls[0]?.repairs,
    ).not.toEqual([]);
    expect(read(['<tool_call>{"name": "look", "arguments": {"q": "rm -rf /tmp/x']).calls).toEqual([]);
    const ran: unknown[] = [];
    const writing = tool('look', ran, { effects: 'write' });
    const [made] = await run("<tool_call>{'name': 'look', 'arguments': {'q': 'x'}}</tool_call>", [writing]);
    expect([made?.outcome.status, ran]).toEqual(['malformed', []]);
  });
  it('rule 12: empty is {}, a double-encoded object is unwrapped, values are typed by the schema, digits are kept, a key that comes twice is an error', () => {
    expect(read([call('""')]).calls[0]).toMatchObject({ arguments: {}, repairs: [] });
    expect(read([call('"{\\"n\\": 1}"')]).calls[0]?.arguments).toEqual({ n: 1 });
    expect(read([call('{"n": 12345678901234567890}')]).calls[0]?.arguments).toEqual({
      n: 12345678901234567890n,
    });
    expect(read([call('{"n": 1, "n": 2}')]).malformed).toHaveLength(1);
    const raw =
      '<tool_call><function=look><parameter=q>7</parameter><parameter=n>7</parameter></function></tool_call>';
    expect(read([raw], { format: 'qwen3-coder' }).calls[0]?.arguments).toEqual({ q: '7', n: 7 });
  });
  it('rule 13: names are looked up exactly, and an unknown one is answered with those there are', async () => {
    const ran: unknown[] = [];
    for (const name of ['__proto__', 'constructor', 'toString', 'Look', 'loo']) {
      const [made] = await run(`<tool_call>{"name": "${name}", "arguments": {}}</tool_call>`, [
        tool('look', ran),
      ]);
      expect([made?.outcome.status, made?.outcome.text.includes('Tools: look')], name).toEqual([
        'unknown-tool',
        true,
      ]);
    }
    expect(ran).toEqual([]);
  });
  it('rule 14: nothing is coerced, and prefixes of names belong to the format', async () => {
    const ran: unknown[] = [];
    const [made] = await run(call('{"n": "3"}'), [tool('look', ran)]);
    expect([made?.outcome.status, ran]).toEqual(['invalid', []]);
    const harmony = '<|channel|>commentary to=functions.look <|constrain|>json<|message|>{"n": 3}<|call|>';
    expect(read([harmony], { format: 'harmony', promptTail: '<|start|>assistant' }).calls[0]?.name).toBe(
      'look',
    );
    const kimi =
      '<|tool_calls_section_begin|><|tool_call_begin|>functions.look:0<|tool_call_argument_begin|>{}<|tool_call_end|><|tool_calls_section_end|>';
    expect(read([kimi], { format: 'kimi-k2' }).calls[0]).toMatchObject({
      name: 'look',
      id: 'functions.look:0',
    });
  });
  it('rule 15: a grammar begins when a call opens and ends with it; a reply without a call meets none', () => {
    const held: (string | undefined)[] = [];
    const turn = {
      promptTail: '',
      next: () => ({ type: 'end', reason: 'stop' }) as const,
      constrain: (what?: { kind: string }) => held.push(what?.kind) > 0,
      close() {},
    };
    const parser = new ToolCallParser({ format: 'hermes', tools: [signature] });
    const hand = grammarHandOff(parser.format, parser.tools);
    for (const piece of ['No call ', 'at all. ']) {
      parser.push(piece);
      hand(turn, parser.opened);
    }
    expect(held).toEqual([]);
    for (const piece of ['<tool_call>', '{"name": "look", "arguments": {}}', '</tool_call>', ' more']) {
      parser.push(piece);
      hand(turn, parser.opened);
    }
    expect(held).toEqual(['call', undefined]);
  });
});
