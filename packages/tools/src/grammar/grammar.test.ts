import { compose, matchesGrammar } from '@ashlar/sampling/constraints';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkSchema } from '../check-schema.ts';
import {
  inlineEngine,
  type SplicingCodec,
  type SplicingModel,
  type SplicingSequence,
} from '../engines/inline-engine.ts';
import type { Mark, Route } from '../formats/format.ts';
import { toolFormats } from '../formats/formats.ts';
import { gatherReply } from '../formats/parse-reply.ts';
import { type RenderedCall, renderCalls } from '../formats/render-calls.ts';
import { ToolCallParser } from '../formats/tool-call-parser.ts';
import type { Json, JsonObject } from '../json.ts';
import { type AnyTool, signatureOf } from '../tool.ts';
import { callLanguage } from './call-language.ts';
import { schemaConstraint } from './schema-constraint.ts';

const tool = (name: string, properties: object, required: string[] = [], more: object = {}): AnyTool => ({
  name,
  description: name,
  effects: 'none',
  input: { type: 'object', properties, required, ...more } as AnyTool['input'],
  run: () => 'done',
});
const tools: readonly AnyTool[] = [
  tool('now', {}),
  tool('get_weather', { city: { type: 'string' }, unit: { enum: ['c', 'f'], type: 'string' } }, ['city']),
  tool(
    'book',
    {
      seats: { type: 'integer', minimum: 1, maximum: 9 },
      window: { type: 'boolean' },
      days: { type: 'array', items: { type: 'integer' } },
    },
    ['seats', 'window'],
  ),
  tool(
    'sign',
    {
      code: { type: 'string', pattern: '^[a-z]{2}-\\d{3}$' },
      note: { type: 'string', minLength: 2, maxLength: 4 },
      day: { type: 'string', format: 'date' },
      maybe: { type: ['string', 'null'], maxLength: 6 },
      either: { anyOf: [{ type: 'integer', minimum: 0, maximum: 9 }, { $ref: '#/$defs/word' }] },
    },
    ['code', 'note', 'day', 'maybe', 'either'],
    { $defs: { word: { type: 'string', enum: ['7', 'seven', 'true'] } } },
  ),
  tool(
    'free',
    {
      any: { description: 'whatever' },
      tags: {
        type: 'array',
        items: { type: 'string', enum: ['a', 'b', 'c d'] },
        uniqueItems: true,
        minItems: 2,
      },
      pick: { enum: [[1, 2], ['x']] },
    },
    ['any', 'tags'],
  ),
];
const signatures = tools.map(signatureOf);
const names = [...toolFormats.keys()];

// Bytes are tokens, and every mark that is a special token somewhere is one here.
const encode = (text: string): number[] => [...new TextEncoder().encode(text)];
const codec: SplicingCodec = {
  encode,
  tokenBytes: (id) => (id < 256 ? Uint8Array.of(id) : undefined),
  encodeChat: () => encode('go\n'),
  eosTokenIds: [256],
  specialIds: new Set([256]),
};
interface Tape extends SplicingSequence {
  ids: number[];
}
/** A model that writes `opening` and from there on what a seeded source makes it want, mostly closing marks: it never means a valid call. */
function raving(opening: string, seed: number): SplicingModel<Tape> {
  let turn = 0;
  let written = 0;
  let state = seed >>> 0;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return {
    maxPositions: 100_000,
    eosTokenIds: [256],
    newSequence: () => {
      const tape: Tape = {
        ids: [],
        truncate(length) {
          tape.ids.length = length;
        },
        dispose() {},
      };
      return tape;
    },
    async step([request]) {
      const { sequence, ids } = request as { sequence: Tape; ids: ArrayLike<number> };
      sequence.ids.push(...Array.from(ids));
      if (ids.length > 1) {
        turn++;
        written = 0;
      }
      const logits = Float32Array.from({ length: 257 }, random);
      // Long texts and lists are left soon, else a raving model would never end.
      for (const c of '"}])|</\n') logits[c.charCodeAt(0)] += written > 60 ? 2 : 0.3;
      const script = turn === 1 ? encode(opening) : [];
      if (turn > 1) logits[256] = 99;
      else if (written < script.length) logits[script[written] as number] = 99;
      written++;
      return [logits];
    },
  };
}
const openings: Readonly<Record<string, string | readonly string[]>> = {
  hermes: [
    '<tool_call>',
    '<tool_call>\n{"name": "now", "arguments": {}}\n</tool_call>\n{"name"',
    '<tool_call>\n{"name": "now", "arguments": {}}\n</tool_call>\n{"arguments"',
  ],
  'llama-3.1': ['{', '<|python_tag|>', 'So {"name": "book"', 'So {"type": "function", "name": "book"'],
  'llama-pythonic': ['[now(', '<|python_start|>[', '<|python_start|>[now()]<|python_end|>{'],
  'mistral-nemo': '[TOOL_CALLS]',
  'mistral-v11': '[TOOL_CALLS]',
  'mistral-v13': '[TOOL_CALLS]',
  'deepseek-r1': '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>',
  'deepseek-v3.1': '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>',
  harmony: '<|channel|>commentary to=functions.book <|constrain|>json<|message|>',
  'qwen3-coder': ['<tool_call>\n<function=', '<function=sign>'],
  'glm-4.5': '<tool_call>',
  'kimi-k2': '<|tool_calls_section_begin|><|tool_call_begin|>',
  'minimax-m2': '<minimax:tool_call>\n<invoke name="',
  'seed-oss': ['<seed:tool_call>\n<function=', '<function=sign>'],
  'gemma-4': '<|tool_call>call:',
  granite: ['<|tool_call|>', '<tool_call>', '<function_call>'],
  'functionary-v3.1': ['<function=', '<|python_tag|>'],
  'functionary-v3.2': ['>>>book\n', '>>>sign\n'],
  smollm2: '<tool_call>',
  smollm3: ['<tool_call>', '<code>'],
  'phi-4': ['<|tool_call|>', 'functools[', '{'],
  'special-words': ['|BOOK|', '|SIGN|', '|NOW|'],
};

describe('what may be written once a call has opened', () => {
  it('is in every format what its own renderer writes of valid calls', () => {
    const call: fc.Arbitrary<RenderedCall> = fc.oneof(
      fc.constant({ name: 'now', arguments: {} }),
      fc.record({
        name: fc.constant('get_weather'),
        arguments: fc.record(
          {
            city: fc.string({ minLength: 1, maxLength: 8 }).filter((s) => !/[<|{]|^\s|\s$/.test(s)),
            unit: fc.constantFrom('c', 'f'),
          },
          { requiredKeys: ['city'] },
        ),
      }),
      fc.record({
        name: fc.constant('book'),
        arguments: fc.record(
          {
            seats: fc.integer({ min: 1, max: 9 }),
            window: fc.boolean(),
            days: fc.array(fc.integer(), { maxLength: 3 }),
          },
          { requiredKeys: ['seats', 'window'] },
        ),
      }),
    );
    for (const name of names) {
      const format = toolFormats.get(name)!;
      const given = callLanguage(format, signatures, { mark: '' }, { strict: true, mostCalls: 16 });
      const language = compose(given!);
      fc.assert(
        fc.property(call, (one) => {
          const id = format.ids === 'mistral' ? 'abcdef123' : undefined;
          const written = renderCalls(
            [{ ...one, ...(id && { id }) }],
            format,
            signatures.map((s) => ({ ...s })),
          ).trimEnd();
          const text = format.render.after === '' ? written : written.replace(/<\|call\|>$/, '<|call|>');
          expect(matchesGrammar(language, text), `${name}: ${text}`).toBe(true);
        }),
        { numRuns: 25 },
      );
    }
  });
  it('values of no type are held to what is said of them, in tags, and refused by name in a quoting that cannot say it', () => {
    const free = (properties: object) => [signatureOf(tool('free', properties, Object.keys(properties)))];
    const language = (format: string, properties: object, strict = true) =>
      compose(
        callLanguage(toolFormats.get(format)!, free(properties), { mark: '' }, { strict, mostCalls: 1 })!,
      );
    const written = (format: string, args: JsonObject) =>
      renderCalls([{ name: 'free', arguments: args }], format, free({ v: {} })).trimEnd();
    const least = { v: { minimum: 3, maxLength: 4, description: 'd' } };
    for (const format of ['qwen3-coder', 'glm-4.5', 'minimax-m2', 'seed-oss']) {
      const held = language(format, least);
      for (const v of [3, 4.5, 'word', true, [1], { a: 'x' }])
        expect(
          matchesGrammar(held, written(format, { v: v as Json })),
          `${format} ${JSON.stringify(v)}`,
        ).toBe(true);
      for (const v of [2, 'words', -7])
        expect(matchesGrammar(held, written(format, { v })), `${format} ${v}`).toBe(false);
      for (const v of ['word', 'a b', 3, null, { a: [1] }])
        expect(matchesGrammar(language(format, { v: {} }), written(format, { v: v as Json }))).toBe(true);
    }
    expect(() => language('gemma-4', least)).toThrow(/minimum: not supported/);
    for (const v of ['word', 3, null, [1, ['x']], { a: { b: 'c' } }])
      expect(matchesGrammar(language('gemma-4', { v: {} }), written('gemma-4', { v: v as Json }))).toBe(true);
  });
  it('in Gemma’s quoting no value of a list comes twice where it must not, and few lists are written out', () => {
    const gemma = toolFormats.get('gemma-4')!;
    const language = (schema: object) =>
      compose(
        callLanguage(
          gemma,
          [signatureOf(tool('free', { v: schema }, ['v']))],
          { mark: '' },
          { strict: true, mostCalls: 1 },
        )!,
      );
    const admits = (schema: object, v: Json) =>
      matchesGrammar(language(schema), renderCalls([{ name: 'free', arguments: { v } }], 'gemma-4'));
    const items = { type: 'string', enum: ['a', 'b', 'c'] };
    for (const schema of [
      { type: 'array', items, uniqueItems: true },
      { type: 'array', items, uniqueItems: true, minItems: 2 },
      { type: 'array', items, uniqueItems: true, maxItems: 2 },
      { type: 'array', items: { type: 'boolean' }, uniqueItems: true },
      { enum: [['a'], ['a', 'b'], [true]] },
      { const: [{ x: 1 }] },
    ] as JsonObject[])
      for (const v of [
        [],
        ['a'],
        ['b', 'a'],
        ['a', 'b'],
        ['a', 'a'],
        ['c', 'a', 'b'],
        ['a', 'b', 'a'],
        [true],
        [true, false],
        [true, true],
        [{ x: 1 }],
      ])
        expect(admits(schema, v), `${JSON.stringify(schema)} ${JSON.stringify(v)}`).toBe(
          checkSchema(v, schema).length === 0,
        );
    for (const schema of [
      { type: 'array', items: { type: 'string' }, uniqueItems: true },
      { type: 'array', prefixItems: [items] },
    ])
      expect(() => language(schema)).toThrow(/(uniqueItems|prefixItems): not supported/);
  });
  it('a call that is not strict is held to all but the keywords that cannot be held to', () => {
    const schema = {
      rows: { type: 'array', items: { type: 'integer' }, uniqueItems: true },
      to: { enum: ['x', 'y'], type: 'string' },
    };
    for (const [format, more] of [
      ['gemma-4', {}],
      ['qwen3-coder', { minProperties: 1 }],
      ['hermes', { properties: { ...schema, z: { type: 'string', pattern: '(?<=a)b' } } }],
    ] as const) {
      const given = [signatureOf(tool('free', schema, ['to'], more))];
      const language = (strict: boolean) =>
        compose(callLanguage(toolFormats.get(format)!, given, { mark: '' }, { strict, mostCalls: 1 })!);
      expect(() => language(true), format).toThrow(/not supported/);
      const admits = (args: JsonObject) =>
        matchesGrammar(
          language(false),
          renderCalls(
            [{ name: 'free', arguments: args }],
            format,
            given.map((g) => ({ ...g })),
          ).trimEnd(),
        );
      expect([admits({ to: 'x' }), admits({ to: 'z' }), admits({})], format).toEqual([true, false, false]);
    }
  });
  const begun = names.flatMap((name) =>
    [openings[name] ?? []].flat().map((opening) => [name, opening] as const),
  );
  it('every mark that opens a call leads to a language of calls', () => {
    let marks = 0;
    for (const format of toolFormats.values())
      for (const state of Object.values(format.states))
        for (const mark of state.marks)
          for (const { act, to, nameAfter, nameIsCapture } of mark.routes ?? [
            mark as Partial<Route> & Mark,
          ]) {
            if (act !== 'open') continue;
            marks++;
            const named =
              nameAfter !== undefined || nameIsCapture === true || mark.at.some((p) => typeof p === 'object');
            const text = mark.at
              .map((part) => (typeof part === 'string' ? part : 'capture' in part ? 'book' : ''))
              .join('');
            const opened = { mark: mark.keep ? '' : text, state: to, ...(named ? { name: 'book' } : {}) };
            expect(
              callLanguage(format, signatures, opened, { strict: true, mostCalls: 16 }),
              `${format.name}: ${text}`,
            ).toBeDefined();
          }
    expect(marks).toBeGreaterThan(40);
  });
  it('every format is tried', () => expect(new Set(begun.map(([name]) => name)).size).toBe(names.length));
  for (const [name, opening] of begun)
    it(`${name} behind ${JSON.stringify(opening)}: a model that raves still writes only calls whose arguments satisfy their schemas`, async () => {
      for (let seed = 0; seed < 6; seed++) {
        const engine = inlineEngine({
          model: raving(opening, seed),
          codec,
          format: name,
          constraint: schemaConstraint,
          maxNewTokens: 3000,
        });
        const turn = await engine.open([{ role: 'user', content: 'go' }], {
          tools: [],
          signal: new AbortController().signal,
        });
        const promptTail = name === 'harmony' ? '<|start|>assistant' : '';
        const parser = new ToolCallParser({ format: name, tools: signatures, promptTail });
        const format = toolFormats.get(name)!;
        const events = [];
        let region = 0;
        let free = false;
        for (let n = 0; n < 3000; n++) {
          const piece = await turn.next(new AbortController().signal);
          if (piece.type !== 'text') break;
          events.push(...parser.push(piece.text));
          const { opened } = parser;
          free = n >= encode(opening).length - 1;
          if (free && opened && opened.region !== region) {
            region = opened.region;
            const held = turn.constrain?.({ kind: 'call', format, tools: signatures, opened, strict: true });
            expect(held, `${name} behind ${opening}`).toBe(true);
          }
          if (region > 0 && opened === undefined) break;
        }
        const reply = gatherReply([...events, ...parser.end('stop')]);
        expect([...reply.malformed, ...reply.incomplete], `${name} ${seed}`).toEqual([]);
        expect(reply.calls.length > 0 || /^(?:smollm2|granite|mistral-nemo)$/.test(name)).toBe(true);
        for (const call of reply.calls) {
          const own = signatures.find((s) => s.name === call.name);
          expect(own, `${name}: ${call.name}`).toBeDefined();
          expect(checkSchema(call.arguments, own!.parameters), JSON.stringify(call)).toEqual([]);
        }
      }
    });
});
