// The grammar hand-off end to end: the embedded model, which has never seen a call, is asked for one through the OpenAI protocol.
// Whatever it draws, the arguments satisfy the tool's schema and the answer satisfies the response format.
import { fileURLToPath } from 'node:url';
import { chooseBackend, loadModel } from '@ashlar/core';
import { sampler } from '@ashlar/sampling';
import { loadTokenizer, type Tokenizer } from '@ashlar/tokenizer';
import { checkSchema, inlineEngine, type JsonObject, runTools } from '@ashlar/tools';
import { schemaConstraint } from '@ashlar/tools/grammar';
import { openAiHandler } from '@ashlar/tools/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const place = fileURLToPath(new URL('../models/stories', import.meta.url));
let model: Awaited<ReturnType<typeof loadModel>>;
let tokenizer: Tokenizer;
beforeAll(async () => {
  await chooseBackend('auto');
  model = await loadModel(place);
  tokenizer = await loadTokenizer(model.assets);
});
afterAll(() => model.dispose());

const parameters: JsonObject = {
  type: 'object',
  properties: {
    hero: { enum: ['Lily', 'Tom'] },
    age: { type: 'integer', minimum: 3, maximum: 12 },
    friends: { type: 'array', items: { type: 'string', maxLength: 8 }, maxItems: 2 },
    where: { anyOf: [{ type: 'null' }, { type: 'string', maxLength: 12 }] },
  },
  required: ['hero', 'age'],
  additionalProperties: false,
};
const engineOf = (format: string) =>
  inlineEngine({
    model,
    // The embedded model tells stories and has no chat template: a conversation is its words.
    codec: {
      encode: (text, options) => tokenizer.encode(text, options),
      tokenBytes: (id) => tokenizer.tokenBytes(id),
      idToToken: (id) => tokenizer.idToToken(id),
      encodeChat: (messages) =>
        tokenizer.encode(messages.map((m) => (m as { content?: string }).content).join('\n')),
      eosTokenIds: tokenizer.eosTokenIds,
      specialIds: tokenizer.specialIds,
    },
    format,
    maxNewTokens: 200,
    constraint: schemaConstraint,
    sampler: ({ temperature = 1, seed = 1 }) => sampler({ temperature, seed }),
  });
const ask = async (format: string, body: object): Promise<string> => {
  const serve = openAiHandler({ models: [{ id: 'stories', engine: engineOf(format) }] });
  const request = { model: 'stories', messages, temperature: 1, ...body };
  const url = 'http://localhost/v1/chat/completions';
  const response = await serve(new Request(url, { method: 'POST', body: JSON.stringify(request) }));
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return text;
};
// One call: this model would not know how to end a list of them within its 512 positions.
const one = { tool_choice: 'required', parallel_tool_calls: false };
const messages = [{ role: 'user' as const, content: 'Once upon a time' }];

describe('the embedded model, held to a schema', () => {
  it('calls the tool that it must call, with arguments that satisfy the schema, in every format of JSON arguments', async () => {
    for (const format of ['hermes', 'mistral-v13', 'deepseek-v3.1', 'llama-3.1', 'smollm2'])
      for (const seed of [1, 2]) {
        const tools = [{ type: 'function', function: { name: 'tell', parameters, strict: true } }];
        const answer = JSON.parse(await ask(format, { seed, tools, ...one }));
        const written = answer.choices[0].message.tool_calls?.[0]?.function;
        expect(written?.name, format).toBe('tell');
        expect(checkSchema(JSON.parse(written?.arguments ?? ''), parameters), written?.arguments).toEqual([]);
      }
  });
  it('answers in the response format, streamed', async () => {
    for (const seed of [1, 2, 3]) {
      const response_format = {
        type: 'json_schema',
        json_schema: { name: 'hero', strict: true, schema: parameters },
      };
      const events = (await ask('hermes', { seed, stream: true, response_format })).split('\n\n');
      let text = '';
      for (const event of events)
        if (event.startsWith('data: {')) text += JSON.parse(event.slice(6)).choices[0]?.delta.content ?? '';
      expect(checkSchema(JSON.parse(text), parameters), text).toEqual([]);
    }
  });
  it('frees the sequence and its pages', async () => {
    const engine = engineOf('hermes');
    await runTools({ engine, messages, limits: { sampledTokens: 4 } }).result;
    engine.dispose();
    expect(model.cache.pool.free).toBeGreaterThan(0);
  });
});
