import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { checkSchema } from '../check-schema.ts';
import {
  inlineEngine,
  type SplicingCodec,
  type SplicingModel,
  type SplicingSequence,
} from '../engines/inline-engine.ts';
import { schemaConstraint } from '../grammar/schema-constraint.ts';
import { openAiHandler } from './handler.ts';

// Bytes are tokens; the model wants noise, with some weight on what closes strings, objects and tags: never by itself what is asked for.
const codec: SplicingCodec = {
  encode: (text) => [...new TextEncoder().encode(text)],
  tokenBytes: (id) => (id < 256 ? Uint8Array.of(id) : undefined),
  encodeChat: () => [10],
  eosTokenIds: [256],
  specialIds: new Set([256]),
};
function noise(seed: number, opening = ''): SplicingModel {
  let state = seed;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  let written = 0;
  return {
    maxPositions: 10_000,
    eosTokenIds: [256],
    newSequence(): SplicingSequence {
      const ids: number[] = [];
      return { ids, truncate: (n) => ids.splice(n), dispose() {} };
    },
    async step([request]) {
      const { sequence, ids } = request as { sequence: SplicingSequence; ids: ArrayLike<number> };
      (sequence.ids as number[]).push(...Array.from(ids));
      const logits = Float32Array.from({ length: 257 }, random);
      for (const c of '"}]</') logits[c.charCodeAt(0)] = random() * 2;
      if (written < opening.length) logits[opening.charCodeAt(written)] = 9;
      written++;
      return [logits];
    },
  };
}
const client = (
  model: SplicingModel,
  options: { constrained?: boolean; format?: string; tail?: string } = {},
): OpenAI => {
  const { constrained = true, format = 'hermes', tail = '\n' } = options;
  const engine = inlineEngine({
    model,
    codec: { ...codec, encodeChat: () => codec.encode(tail === '' ? '\n' : tail) },
    format,
    maxNewTokens: 2000,
    ...(constrained ? { constraint: schemaConstraint } : {}),
  });
  const serve = openAiHandler({ models: [{ id: 'm', engine }] });
  return new OpenAI({
    apiKey: 'key',
    baseURL: 'http://localhost/v1',
    maxRetries: 0,
    fetch: (url, init) => serve(new Request(url as string, init as RequestInit)),
  });
};
const messages = [{ role: 'user' as const, content: 'Hi' }];
const person = {
  type: 'object',
  properties: { name: { type: 'string', maxLength: 5 }, age: { type: 'integer', minimum: 0, maximum: 120 } },
  required: ['name', 'age'],
  additionalProperties: false,
};
const asked = (schema: Record<string, unknown>) => ({
  model: 'm',
  messages,
  response_format: { type: 'json_schema' as const, json_schema: { name: 'person', strict: true, schema } },
});
const tool = (name: string, parameters: Record<string, unknown>, strict = false) => ({
  type: 'function' as const,
  function: { name, parameters, ...(strict ? { strict } : {}) },
});

describe('response_format', () => {
  it('json_schema: whatever the model wants, the answer satisfies the schema, whole and streamed', async () => {
    for (let seed = 1; seed < 6; seed++) {
      const whole = await client(noise(seed)).chat.completions.create(asked(person));
      const text = whole.choices[0]?.message.content ?? '';
      expect(checkSchema(JSON.parse(text), person), text).toEqual([]);
      expect(whole.choices[0]?.finish_reason).toBe('stop');
      let streamed = '';
      for await (const chunk of await client(noise(seed)).chat.completions.create({
        ...asked(person),
        stream: true,
      }))
        streamed += chunk.choices[0]?.delta.content ?? '';
      expect(streamed).toBe(text);
    }
  });
  it('json_object: the answer is an object', async () => {
    const whole = await client(noise(3)).chat.completions.create({
      model: 'm',
      messages,
      response_format: { type: 'json_object' },
    });
    expect(JSON.parse(whole.choices[0]?.message.content ?? '')).toBeTypeOf('object');
  });
  it('what cannot be held to is refused with the keyword', async () => {
    const unheld = { type: 'string', pattern: '(a)\\1' };
    await expect(client(noise(1)).chat.completions.create(asked(unheld))).rejects.toMatchObject({
      status: 400,
      param: 'response_format',
      message: expect.stringContaining('back reference'),
    });
    await expect(
      client(noise(1), { constrained: false }).chat.completions.create(asked(person)),
    ).rejects.toThrow(/response_format: this model cannot be held to it/);
  });
  it('together with tools: the answer is a call of one of them or JSON of the schema, whatever the model wants', async () => {
    const tools = [tool('greet', person), tool('now', { type: 'object', properties: {} })];
    const seen = new Set<string>();
    for (const opening of ['<tool_call>', '{"name"', ''])
      for (let seed = 1; seed < 5; seed++) {
        const request = { ...asked(person), tools };
        const whole = await client(noise(seed, opening)).chat.completions.create(request);
        const { content, tool_calls: calls } = whole.choices[0]!.message;
        seen.add(calls === undefined ? 'json' : 'calls');
        if (calls === undefined)
          expect(checkSchema(JSON.parse(content ?? ''), person), content ?? '').toEqual([]);
        else expect(content).toBe(null);
        for (const call of calls ?? []) {
          if (call.type !== 'function' || call.function.name !== 'greet') continue;
          expect(checkSchema(JSON.parse(call.function.arguments), person)).toEqual([]);
        }
        expect(whole.choices[0]?.finish_reason).toBe(calls === undefined ? 'stop' : 'tool_calls');
        let text = '';
        let streamedCalls = 0;
        for await (const chunk of await client(noise(seed, opening)).chat.completions.create({
          ...request,
          stream: true,
        })) {
          text += chunk.choices[0]?.delta.content ?? '';
          streamedCalls +=
            chunk.choices[0]?.delta.tool_calls?.filter(({ id }) => id !== undefined).length ?? 0;
        }
        expect([text, streamedCalls]).toEqual([content ?? '', calls?.length ?? 0]);
      }
    expect([...seen].sort()).toEqual(['calls', 'json']);
  });
  it('a mark in a string of the JSON is no mark', async () => {
    for (const tools of [undefined, [tool('now', { type: 'object', properties: {} })]]) {
      const said = '<think><tool_call>{}</tool_call>';
      const whole = await client(noise(1, JSON.stringify(said))).chat.completions.create({
        ...asked({ type: 'string', enum: [said] }),
        ...(tools ? { tools } : {}),
      });
      expect(whole.choices[0]?.message.content).toBe(JSON.stringify(said));
      expect(whole.choices[0]?.message.tool_calls).toBe(undefined);
    }
  });
  it('is held to behind the reasoning and inside headers, where the format has them', async () => {
    for (const [format, tail] of [
      ['hermes', '<think>\n'],
      ['harmony', '<|start|>assistant'],
      ['functionary-v3.2', '>>>'],
      ['gemma-4', ''],
    ] as const)
      for (const choice of ['json', 'call'] as const) {
        const opening = tail.startsWith('<think>') ? 'Well.</think>' : '';
        const tools = [tool('greet', person)];
        const whole = await client(noise(3, opening), { format, tail }).chat.completions.create(
          choice === 'json'
            ? asked(person)
            : { model: 'm', messages, tools, tool_choice: 'required', parallel_tool_calls: false },
        );
        const { content, tool_calls: calls } = whole.choices[0]!.message;
        const call = calls?.[0];
        const text = choice === 'json' ? content : call?.type === 'function' ? call.function.arguments : '';
        expect(checkSchema(JSON.parse(text || 'null'), person), `${format}: ${text}`).toEqual([]);
        if (opening !== '') expect(whole.choices[0]?.message).toMatchObject({ reasoning_content: 'Well.' });
      }
  });
});

describe('tools', () => {
  it('tool_choice: required and a named tool are called, with arguments that satisfy their schemas', async () => {
    const tools = [tool('greet', person), tool('now', { type: 'object', properties: {} })];
    const named = { type: 'function' as const, function: { name: 'greet' } };
    for (const [tool_choice, names] of [
      ['required', ['greet', 'now']],
      [named, ['greet']],
    ] as const)
      for (let seed = 1; seed < 5; seed++) {
        const whole = await client(noise(seed)).chat.completions.create({
          model: 'm',
          messages,
          tools,
          tool_choice,
          parallel_tool_calls: false,
        });
        const call = whole.choices[0]?.message.tool_calls?.[0];
        const made = call?.type === 'function' ? call.function : undefined;
        expect(names).toContain(made?.name);
        if (made?.name === 'greet') expect(checkSchema(JSON.parse(made.arguments), person)).toEqual([]);
        expect(whole.choices[0]?.finish_reason).toBe('tool_calls');
      }
    const unknown = { type: 'function' as const, function: { name: 'later' } };
    await expect(
      client(noise(1)).chat.completions.create({ model: 'm', messages, tools, tool_choice: unknown }),
    ).rejects.toThrow(/tool_choice: expected auto, none, required or one of the tools/);
  });
  it('left to the model, a call that it opens is held to the schema', async () => {
    for (let seed = 1; seed < 5; seed++) {
      const stream = await client(noise(seed, 'Well. <tool_call>')).chat.completions.create({
        model: 'm',
        messages,
        tools: [tool('greet', person, true)],
        parallel_tool_calls: false,
        stream: true,
      });
      let text = '';
      const calls: string[] = [];
      for await (const chunk of stream) {
        text += chunk.choices[0]?.delta.content ?? '';
        for (const call of chunk.choices[0]?.delta.tool_calls ?? [])
          calls[call.index] = (calls[call.index] ?? '') + (call.function?.arguments ?? '');
      }
      expect(text).toBe('Well. ');
      expect(calls.map((call) => checkSchema(JSON.parse(call), person))).toEqual([[]]);
    }
  });
  it('a strict tool that cannot be held to is refused before anything is said', async () => {
    const unheld = { type: 'object', properties: { n: { type: 'string', pattern: '(a)\\1' } } };
    const ask = (strict: boolean) =>
      client(noise(1, 'No call.')).chat.completions.create({
        model: 'm',
        messages,
        tools: [tool('f', unheld, strict)],
        max_tokens: 8,
      });
    await expect(ask(true)).rejects.toMatchObject({ status: 400, param: 'tools' });
    expect((await ask(false)).choices[0]?.message.content).toBe('No call.');
  });
});
