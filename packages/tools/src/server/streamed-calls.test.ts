// Calls in a stream: the name first, the arguments as they are written, and nothing that parses before the call is complete.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scriptedEngine } from '../engines/scripted-engine.ts';
import { anyCall, anyCallTools, anyText } from '../formats/fixtures/any-calls.ts';
import { fixtures, fixtureTools } from '../formats/fixtures/replies.ts';
import { toolFormats } from '../formats/formats.ts';
import { JsonEcho } from '../formats/json-echo.ts';
import { renderCalls } from '../formats/render-calls.ts';
import { type Json, type JsonObject, parseJson, writeJson } from '../json.ts';
import { chatRequest } from './chat-request.ts';
import { type ChatPiece, generateChat } from './generate-chat.ts';

const signal = new AbortController().signal;
async function answer(
  text: string,
  options: {
    readonly format: string;
    readonly tools: readonly JsonObject[];
    readonly promptTail?: string;
    readonly stream?: boolean;
    readonly chunk?: number;
    readonly end?: 'length';
  },
): Promise<ChatPiece[]> {
  const { format, tools, promptTail = '', stream = true, chunk = 7, end } = options;
  const body = { model: 'm', messages: [{ role: 'user', content: 'go' }], tools, stream };
  const engine = scriptedEngine([end === undefined ? text : { text, end }], { format, chunk, promptTail });
  const pieces: ChatPiece[] = [];
  for await (const piece of generateChat(chatRequest(body as JsonObject, undefined), engine, signal))
    pieces.push(piece);
  return pieces;
}
interface Seen {
  readonly name: string;
  readonly id: string;
  arguments: string;
}
/** What a client holds of the calls after all pieces. */
function held(pieces: readonly ChatPiece[]): Seen[] {
  const calls: Seen[] = [];
  for (const piece of pieces)
    if (piece.type === 'call-begin') calls.push({ name: piece.name, id: piece.id, arguments: '' });
    else if (piece.type === 'call') calls.push({ ...piece });
    else if (piece.type === 'call-text') (calls.at(-1) as Seen).arguments += piece.text;
  return calls;
}
const read = (calls: readonly Seen[]) => calls.map((c) => [c.name, parseJson(c.arguments)]);
const parses = (text: string): boolean => {
  try {
    parseJson(text);
    return true;
  } catch {
    return false;
  }
};

describe('what a stream says of calls', () => {
  it('adds up to the calls of the whole answer, in every format and whatever the pieces', async () => {
    for (const format of toolFormats.values()) {
      const call = anyCall(format.reading === 'main-argument' ? fc.constantFrom('1', 'a b') : anyText);
      await fc.assert(
        fc.asyncProperty(
          fc.array(call, { minLength: 1, maxLength: 3 }),
          fc.integer({ min: 1, max: 40 }),
          async (calls, chunk) => {
            const text = renderCalls(calls, format, anyCallTools);
            const options = { format: format.name, tools: anyCallTools, chunk };
            const streamed = held(await answer(text, options));
            const whole = held(await answer(text, { ...options, stream: false }));
            expect(read(streamed)).toEqual(read(whole));
            expect(new Set(streamed.map(({ id }) => id)).size).toBe(streamed.length);
          },
        ),
        { numRuns: Number(process.env['FUZZ_RUNS'] ?? 10) },
      );
    }
  });
  it('a cut call never parses, and one that closes parses with its last character only', async () => {
    for (const fixture of fixtures) {
      const options = {
        format: fixture.format,
        tools: fixtureTools as unknown as JsonObject[],
        promptTail: fixture.promptTail ?? '',
        chunk: 1,
      };
      const complete = held(await answer(fixture.text, options));
      for (let cut = 1; cut < fixture.text.length; cut += 5) {
        const calls = held(await answer(fixture.text.slice(0, cut), { ...options, end: 'length' }));
        for (const [i, call] of calls.entries())
          if (parses(call.arguments))
            expect(call.arguments, fixture.text.slice(0, cut)).toBe(complete[i]?.arguments);
        const open = calls.filter((call) => !parses(call.arguments));
        expect(open.length).toBeLessThanOrEqual(1);
      }
    }
  });
  it('names come before arguments, which come in pieces where the format has a mark', async () => {
    const pieces: Record<string, number> = {};
    for (const format of toolFormats.values()) {
      const text = renderCalls(
        [{ name: 'write_file', arguments: { path: 'a.txt', text: 'one two three four five six' } }],
        format,
        anyCallTools,
      );
      const said = await answer(text, { format: format.name, tools: anyCallTools, chunk: 3 });
      pieces[format.name] = said.filter(({ type }) => type === 'call-text').length;
      if ((pieces[format.name] as number) > 0)
        expect(said.find(({ type }) => /^call/.test(type))?.type).toBe('call-begin');
    }
    const whole = Object.keys(pieces).filter((name) => pieces[name] === 0);
    expect(whole.sort()).toEqual(['llama-3.1', 'llama-pythonic', 'special-words']);
    expect(
      Object.entries(pieces).filter(([name, n]) => !whole.includes(name) && n < (name === 'gemma-4' ? 3 : 6)),
    ).toEqual([]);
  });
  it('a malformed call that a client was told of stays open, and the answer ends with tool_calls', async () => {
    const text = '<tool_call>{"name": "write_file", "arguments": {"path": "a", "path": "b"}}</tool_call>';
    const pieces = await answer(text, { format: 'hermes', tools: anyCallTools });
    expect(held(pieces).map((call) => call.arguments)).toEqual(['{"path":"a']);
    expect(pieces.at(-1)).toMatchObject({ type: 'end', reason: 'tool_calls' });
    const unread = '<tool_call>{"arguments": {"path": "a"}}</tool_call>';
    expect(held(await answer(unread, { format: 'hermes', tools: anyCallTools }))).toEqual([]);
  });
  it('repaired calls are told as they are read', async () => {
    const text = `<tool_call>{"name": "write_file", "arguments": {"path": "a", 'text': 'it is',}}</tool_call>`;
    const [call] = held(await answer(text, { format: 'hermes', tools: anyCallTools, chunk: 1 }));
    expect(call?.arguments).toBe('{"path":"a","text":"it is"}');
  });
  it('ids are those that the text holds, and else of the kind that its template takes back', async () => {
    const ids = async (format: string, text: string) =>
      held(await answer(text, { format, tools: anyCallTools })).map(({ id }) => id);
    expect(await ids('mistral-v11', '[TOOL_CALLS]now[CALL_ID]abcde1234[ARGS]{}')).toEqual(['abcde1234']);
    expect(
      (await ids('mistral-v13', '[TOOL_CALLS]now[ARGS]{}[TOOL_CALLS]now[ARGS]{}')).map((id) =>
        /^[0-9a-z]{9}$/.test(id),
      ),
    ).toEqual([true, true]);
    expect(
      await ids(
        'kimi-k2',
        '<|tool_calls_section_begin|><|tool_call_begin|>functions.now:4<|tool_call_argument_begin|>{}<|tool_call_end|><|tool_calls_section_end|>',
      ),
    ).toEqual(['functions.now:4']);
    expect((await ids('hermes', '<tool_call>{"name": "now", "arguments": {}}</tool_call>'))[0]).toMatch(
      /^call-[0-9a-f]{32}$/,
    );
  });
});

describe('the echo of JSON', () => {
  const json = fc.jsonValue({ maxDepth: 5 }).map((value) => ({ a: value as Json }) as JsonObject);
  it('is the compact text without the last brace, whatever the white space and the pieces', () => {
    fc.assert(
      fc.property(json, fc.constantFrom(0, 1, 2), fc.array(fc.nat(50)), (value, space, cuts) => {
        const text = JSON.stringify(value, null, space);
        const echo = new JsonEcho();
        let said = '';
        let at = 0;
        for (const cut of cuts) {
          said += echo.push(text.slice(at, at + cut));
          at += cut;
        }
        said += echo.push(text.slice(at));
        expect([echo.complete, parseJson(`${said}}`)]).toEqual([true, parseJson(text)]);
        expect(parses(said)).toBe(false);
      }),
    );
  });
  it('says of any text only how every reading of it begins: strict text that was cut, or nothing more', () => {
    fc.assert(
      fc.property(json, fc.nat(), fc.string(), (value, where, noise) => {
        const text = writeJson(value);
        const cut = text.slice(0, where % (text.length + 1));
        const echo = new JsonEcho();
        const said = echo.push(cut + noise);
        if (echo.complete && !echo.stopped) expect(parseJson(cut + noise)).toEqual(parseJson(`${said}}`));
        expect(parses(said)).toBe(false);
      }),
    );
  });
  it('stops at duplicate keys, raw control characters, unknown escapes and nesting beyond 256', () => {
    for (const text of [
      '{"a":1,"a"',
      '{"a":"\n',
      '{"a":"\\x',
      '{a',
      "{'a'",
      '{"a":tru}',
      '{"a":01}',
      '[1]',
      '{} {',
      `{"a":${'['.repeat(256)}`,
    ]) {
      const echo = new JsonEcho();
      echo.push(text);
      expect(echo.stopped, text.slice(0, 20)).toBe(true);
    }
  });
});
