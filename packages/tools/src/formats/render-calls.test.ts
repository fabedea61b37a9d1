import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isObject, type Json, type JsonObject } from '../json.ts';
import { fixtureTools } from './fixtures/replies.ts';
import type { ToolFormat } from './format.ts';
import { toolFormats } from './formats.ts';
import { gatherReply, type ParsedReply } from './parse-reply.ts';
import { type RenderedCall, renderCalls } from './render-calls.ts';
import { ToolCallParser } from './tool-call-parser.ts';

const typed = {
  name: 'typed-values.of_all',
  parameters: {
    type: 'object',
    properties: {
      text: { type: 'string' },
      number: { type: 'number' },
      integer: { $ref: '#/$defs/whole' },
      flag: { type: 'boolean' },
      nothing: { type: 'null' },
      either: { anyOf: [{ type: 'integer' }, { type: 'boolean' }, { type: 'null' }] },
      list: { type: 'array', items: {} },
      object: { type: 'object' },
    },
    $defs: { whole: { type: 'integer' } },
  },
};
const tools = [...fixtureTools, typed];

/** Text that no quoting of a format can carry: raw parameters have no escapes at all, Gemma's strings end at their own quote. */
const unsayable: Readonly<Partial<Record<ToolFormat['render']['args'], RegExp>>> = {
  parameters: /<\/|\r/,
  gemma: /<\|"\|>/,
};
const saysAll = (value: Json, wrong: RegExp): boolean =>
  typeof value === 'string'
    ? !wrong.test(value)
    : Array.isArray(value)
      ? value.every((item: Json) => saysAll(item, wrong))
      : !isObject(value) || Object.entries(value).every(([k, v]) => saysAll(k, wrong) && saysAll(v, wrong));

const marks = [
  '</tool_call>',
  '<tool_call>',
  '"',
  "'",
  '\\',
  '\n',
  '|',
  '}',
  ']',
  ')',
  '[TOOL_CALLS]',
  '```',
  '>>>',
  '<|"|>',
  '</',
  '{"name": "now"}',
];
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.constantFrom(
    '',
    ' ',
    ' padded ',
    '123',
    '1.50',
    'true',
    'null',
    'None',
    '[]',
    '{}',
    '\nline\n',
    'a=b, c',
    '日本 🗼',
  ),
  fc
    .array(fc.oneof(fc.constantFrom(...marks), fc.string({ maxLength: 3 })), { maxLength: 5 })
    .map((p) => p.join('')),
);
const number = fc.oneof(
  fc.integer(),
  fc.integer({ min: -1e6, max: 1e6 }).map((n) => n / 8),
);
const json: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    text,
    number,
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.stringMatching(/^[a-z_]{1,6}$/), tie('value'), {
      maxKeys: 3,
      noNullPrototype: true,
    }) as fc.Arbitrary<JsonObject>,
  ),
})).value;
const object = fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), json, { maxKeys: 3, noNullPrototype: true });
const call: fc.Arbitrary<RenderedCall> = fc.oneof(
  fc.constant({ name: 'now', arguments: {} }),
  fc.record({ name: fc.constant('write_file'), arguments: fc.record({ path: text, text }) }),
  fc.record({
    name: fc.constant(typed.name),
    arguments: fc.record(
      {
        text,
        number,
        integer: fc.integer(),
        flag: fc.boolean(),
        nothing: fc.constant(null),
        either: fc.oneof(fc.integer(), fc.boolean(), fc.constant(null)),
        list: fc.array(json, { maxLength: 3 }),
        object,
      },
      { requiredKeys: [] },
    ) as fc.Arbitrary<JsonObject>,
  }),
);

const read = (pieces: readonly (string | Uint8Array)[], format: string): ParsedReply => {
  const promptTail = format === 'harmony' ? '<|start|>assistant' : '';
  const parser = new ToolCallParser({ format, tools, promptTail });
  return gatherReply([...pieces.flatMap((piece) => parser.push(piece)), ...parser.end('stop')]);
};
const saidBy = (reply: ParsedReply) => ({
  content: reply.content.trim(),
  calls: reply.calls.map(({ name, arguments: args }) => ({ name, arguments: args })),
  wrong: [...reply.malformed, ...reply.incomplete],
});

const runs = Number(process.env['FUZZ_RUNS'] ?? 60);
const givenFor = (format: ToolFormat): fc.Arbitrary<RenderedCall[]> => {
  const wrong = unsayable[format.render.args];
  const sayable = wrong === undefined ? call : call.filter((c) => saysAll(c.arguments, wrong));
  return fc.array(sayable, { minLength: 1, maxLength: 3 });
};

describe('what a format writes it reads', () => {
  for (const [name, format] of toolFormats) {
    it(`${name}: any calls, whole and byte by byte`, () => {
      fc.assert(
        fc.property(givenFor(format), (calls) => {
          const written = renderCalls(calls, format, tools);
          const expected = { content: '', calls, wrong: [] };
          expect(saidBy(read([written], name))).toEqual(expected);
          const bytes = new TextEncoder().encode(written);
          expect(
            saidBy(
              read(
                Array.from(bytes, (_, i) => bytes.subarray(i, i + 1)),
                name,
              ),
            ),
          ).toEqual(expected);
        }),
        { numRuns: runs },
      );
    });
    it(`${name}: any calls, cut in two at every byte`, () => {
      fc.assert(
        fc.property(givenFor(format), (calls) => {
          const bytes = new TextEncoder().encode(renderCalls(calls, format, tools));
          for (let i = 1; i < bytes.length; i++)
            expect(saidBy(read([bytes.subarray(0, i), bytes.subarray(i)], name)).calls).toEqual(calls);
        }),
        { numRuns: Math.ceil(runs / 12) },
      );
    });
  }
});
