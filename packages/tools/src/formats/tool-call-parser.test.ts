import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fixtures, fixtureTools } from './fixtures/replies.ts';
import { toolFormats } from './formats.ts';
import type { EndReason, ParseEvent } from './parse-event.ts';
import { gatherReply, parseReply } from './parse-reply.ts';
import { renderCalls } from './render-calls.ts';
import { ToolCallParser } from './tool-call-parser.ts';

/** Joins neighbouring text deltas of one kind: what split invariance is about. */
function joined(events: readonly ParseEvent[]): ParseEvent[] {
  const out: ParseEvent[] = [];
  for (const event of events) {
    const last = out.at(-1);
    if (
      last &&
      'text' in last &&
      'text' in event &&
      last.type === event.type &&
      (last.type !== 'call-text' || (event.type === 'call-text' && last.region === event.region))
    )
      out[out.length - 1] = { ...last, text: last.text + event.text } as ParseEvent;
    else out.push(event);
  }
  return out;
}
const read = (
  pieces: readonly (string | Uint8Array)[],
  format: string,
  promptTail = '',
  end: EndReason = 'stop',
): ParseEvent[] => {
  const parser = new ToolCallParser({ format, tools: fixtureTools, promptTail });
  return joined([...pieces.flatMap((piece) => parser.push(piece)), ...parser.end(end)]);
};

describe('every format', () => {
  for (const [number, fixture] of fixtures.entries())
    it(`${fixture.format} reads what its template writes (${number})`, () => {
      const reply = gatherReply(read([fixture.text], fixture.format, fixture.promptTail));
      expect(reply.malformed).toEqual([]);
      expect(reply.incomplete).toEqual([]);
      expect(reply.calls.map(({ repairs: _, ...call }) => call)).toEqual(
        fixture.calls.map((call) => ({ ...call })),
      );
      expect(reply.content.trim()).toBe((fixture.content ?? '').trim());
      expect(reply.reasoning).toBe(fixture.reasoning ?? '');
    });
  it('has a fixture', () => {
    expect([...toolFormats.keys()].filter((name) => !fixtures.some((f) => f.format === name))).toEqual([]);
  });
});

describe('split invariance', () => {
  it('any cut in two and byte by byte give the same events', () => {
    for (const fixture of fixtures) {
      const whole = read([fixture.text], fixture.format, fixture.promptTail);
      const bytes = new TextEncoder().encode(fixture.text);
      for (let i = 0; i <= bytes.length; i++)
        expect(read([bytes.subarray(0, i), bytes.subarray(i)], fixture.format, fixture.promptTail)).toEqual(
          whole,
        );
      expect(
        read(
          Array.from(bytes, (_, i) => bytes.subarray(i, i + 1)),
          fixture.format,
          fixture.promptTail,
        ),
      ).toEqual(whole);
    }
  });
  it('holds for damaged replies, whatever ends them', () => {
    const fragments = fixtures
      .flatMap((f) => f.text.split(/(?<=[>|\]}])/))
      .concat(['{', '"', '\\', '\n', 'now', '日', '🗼']);
    fc.assert(
      fc.property(
        fc.constantFrom(...toolFormats.keys()),
        fc.array(fc.constantFrom(...fragments), { maxLength: 12 }),
        fc.array(fc.nat(200), { maxLength: 6 }),
        fc.constantFrom<EndReason>('stop', 'length', 'abort'),
        (format, parts, cuts, end) => {
          const text = parts.join('');
          const at = [0, ...cuts.map((c) => Math.min(c, text.length)).sort((a, b) => a - b), text.length];
          const pieces = at.slice(1).map((to, i) => text.slice(at[i], to));
          expect(read(pieces, format, '', end)).toEqual(read([text], format, '', end));
        },
      ),
      { numRuns: 600 },
    );
  });
});

describe('a cut reply', () => {
  it('never yields a call that the whole reply does not have, at any cut', () => {
    for (const fixture of fixtures)
      for (let i = 0; i < fixture.text.length; i++) {
        const reply = gatherReply(
          read([fixture.text.slice(0, i)], fixture.format, fixture.promptTail, 'length'),
        );
        for (const [k, call] of reply.calls.entries()) {
          const { repairs: _, ...rest } = call;
          expect(rest).toEqual(fixture.calls[k]);
        }
      }
  });
  it('is reported as incomplete even when the cut arguments are valid JSON', () => {
    const reply = parseReply('<tool_call>{"name": "now", "arguments": {}}', {
      format: 'hermes',
      end: 'length',
    });
    expect(reply.calls).toEqual([]);
    expect(reply.incomplete).toHaveLength(1);
    expect(
      parseReply('{"name": "now", "parameters": {"cmd": "rm -rf /tmp/x', { format: 'llama-3.1' }).calls,
    ).toEqual([]);
  });
});

describe('values of several types', () => {
  it('a quoted value is a string where the schema admits one, unless it spells None, a list or a dict that is admitted too', () => {
    const parameters = {
      type: 'object',
      properties: {
        note: { type: ['string', 'null'] },
        limit: { type: ['integer', 'null'] },
        tags: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
      },
    };
    const reply = parseReply(
      `[find(note="null", limit="3", tags="3"), find(note="None", limit="None", tags="['a']")]`,
      {
        format: 'llama-pythonic',
        tools: [{ name: 'find', parameters }],
      },
    );
    expect(reply.calls.map((call) => call.arguments)).toEqual([
      { note: 'null', limit: 3, tags: '3' },
      { note: null, limit: null, tags: ['a'] },
    ]);
  });
});

describe('malformed calls', () => {
  const malformed = (text: string, format = 'hermes') => parseReply(text, { format, tools: fixtureTools });
  it('are repaired only when complete, and say so', () => {
    const python = malformed(
      "<tool_call>{'name': 'search', 'arguments': {'query': 'a', 'exact': True,}}</tool_call>",
    );
    expect(python.calls[0]).toMatchObject({
      arguments: { query: 'a', exact: true },
      repairs: ['not strict JSON'],
    });
    expect(
      malformed('<tool_call>{"name": "now", "arguments": {"a": "b}}</tool_call>').malformed,
    ).toHaveLength(1);
  });
  it('refuse duplicate keys and read empty and double-encoded arguments', () => {
    expect(
      malformed('<tool_call>{"name": "now", "arguments": {"a": 1, "a": 2}}</tool_call>').malformed[0]?.reason,
    ).toMatch(/duplicate/);
    expect(malformed('<tool_call>{"name": "now", "arguments": ""}</tool_call>').calls[0]?.arguments).toEqual(
      {},
    );
    expect(
      malformed('<tool_call>{"name": "now", "arguments": "{\\"a\\": 1}"}</tool_call>').calls[0],
    ).toMatchObject({
      arguments: { a: 1 },
      repairs: ['double-encoded'],
    });
  });
  it('leave the calls behind them readable', () => {
    const reply = malformed(
      '<tool_call>{"name": "now</tool_call>ok<tool_call>{"name": "now", "arguments": {}}</tool_call>',
    );
    expect(reply.malformed).toHaveLength(1);
    expect(reply.calls.map((c) => c.name)).toEqual(['now']);
  });
  it('with a misspelled key are no call of nothing', () => {
    const reply = parseReply('<tool_call>{"name": "now", "argments": {"a": 1}}</tool_call>', {
      format: 'hermes',
    });
    expect([reply.calls, reply.malformed.length]).toEqual([[], 1]);
    expect(
      parseReply('<tool_call>{"name": "now", "id": "x"}</tool_call>', { format: 'hermes' }).calls,
    ).toMatchObject([{ name: 'now', arguments: {} }]);
  });
  it('a mark that no call follows stays in the content', () => {
    for (const [format, text] of [
      ['qwen3-coder', 'So <tool_call>\n<funtion=now>'],
      ['deepseek-v3.1', 'So <｜tool▁calls▁begin｜>now'],
      ['gemma-4', 'So <|tool_call>now{}'],
      ['phi-4', 'So functools are nice'],
    ] as const)
      expect(parseReply(text, { format }).content).toBe(text);
  });
  it('keep digits that a double would lose', () => {
    expect(
      malformed('<tool_call>{"name": "now", "arguments": {"n": 12345678901234567890}}</tool_call>').calls[0]
        ?.arguments,
    ).toEqual({
      n: 12345678901234567890n,
    });
  });
});

describe('special tokens', () => {
  it('match only as tokens: the same characters written out are content', () => {
    const parser = new ToolCallParser({ format: 'hermes', specialMarks: ['<tool_call>', '</tool_call>'] });
    const events = [
      ...parser.push('say <tool_call> aloud '),
      ...parser.push('<tool_call>', { special: true }),
    ];
    events.push(
      ...parser.push('{"name": "now", "arguments": {"a": "</tool_call>"}}'),
      ...parser.push('</tool_call>', { special: true }),
      ...parser.end('stop'),
    );
    const reply = gatherReply(events);
    expect(reply.content).toBe('say <tool_call> aloud ');
    expect(reply.calls).toMatchObject([{ name: 'now', arguments: { a: '</tool_call>' } }]);
  });
});

describe('the way back', () => {
  it('reading what was written gives the same calls', () => {
    const text = fc
      .string({ unit: 'grapheme', maxLength: 12 })
      .filter((s) => !/<|>|\||`|\[|\]|=/.test(s) && s.trim() === s);
    const call = fc.oneof(
      fc.record({
        name: fc.constant('search'),
        arguments: fc.record({ query: text, limit: fc.integer(), exact: fc.boolean() }),
      }),
      fc.record({ name: fc.constant('write_file'), arguments: fc.record({ path: text, text }) }),
      fc.constant({ name: 'now', arguments: {} }),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...toolFormats.keys()),
        fc.array(call, { minLength: 1, maxLength: 3 }),
        (format, calls) => {
          const written = renderCalls(calls, format, fixtureTools);
          const promptTail = format === 'harmony' ? '<|start|>assistant' : '';
          const reply = parseReply(written, { format, tools: fixtureTools, promptTail });
          expect(reply.calls.map(({ name, arguments: args }) => ({ name, arguments: args }))).toEqual(calls);
        },
      ),
      { numRuns: 400 },
    );
  });
});

describe('cost', () => {
  it('a long reply byte by byte is read once', () => {
    const parser = new ToolCallParser({ format: 'qwen3-coder', tools: fixtureTools });
    let events = 0;
    for (let i = 0; i < 200_000; i++) events += parser.push(' ').length;
    events += parser.push('x').length;
    expect(events).toBe(200_001);
  });
  it('however it is held back', () => {
    const openings: [string, string][] = [
      ['qwen3-coder', '<tool_call>'],
      ['qwen3-coder', '<tool_call><function=write_file><parameter=path>x</parameter>'],
      ['qwen3-coder', '<tool_call><function=write_file>'],
      ['deepseek-r1', '<｜tool▁calls▁begin｜>'],
      ['hermes', '<tool_call>{"a": "'],
      ['llama-pythonic', '[now('],
    ];
    for (const [format, opening] of openings) {
      const parser = new ToolCallParser({ format, tools: fixtureTools });
      parser.push(opening);
      for (let i = 0; i < 100_000; i++) parser.push(' ');
      expect(parser.end('length').filter((e) => e.type === 'call')).toEqual([]);
    }
  });
});
