import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isObject, type Json } from '../json.ts';
import { anyCall, anyText, anyCallTools as tools } from './fixtures/any-calls.ts';
import type { ToolFormat } from './format.ts';
import { toolFormats } from './formats.ts';
import { gatherReply, type ParsedReply } from './parse-reply.ts';
import { type RenderedCall, renderCalls } from './render-calls.ts';
import { ToolCallParser } from './tool-call-parser.ts';

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

const call = anyCall(anyText);
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
