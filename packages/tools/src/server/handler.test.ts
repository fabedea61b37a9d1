import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { calculator } from '../builtins/calculator/calculator.ts';
import { runTools } from '../driver.ts';
import type { Engine } from '../engines/engine.ts';
import { openAiEndpoint } from '../engines/openai-endpoint.ts';
import { scriptedEngine } from '../engines/scripted-engine.ts';
import { openAiHandler } from './handler.ts';

const hi = [{ role: 'user' as const, content: 'Hi' }];
const tools = [
  {
    type: 'function' as const,
    function: {
      name: 'calculator',
      parameters: { type: 'object', properties: { expression: { type: 'string' } } },
    },
  },
];
const callText =
  'Let me see. <tool_call>{"name": "calculator", "arguments": {"expression": "2+2"}}</tool_call>';

/** The official client, talking to the handler in process. */
function client(engine: Engine, apiKeys?: readonly string[]): OpenAI {
  const serve = openAiHandler({
    models: [
      {
        id: 'm',
        engine,
        complete: (prompt) => scriptedEngine([`${prompt} and on <tool_call>`]),
        embed: async (texts) => texts.map((t) => Float32Array.from([t.length, 0.5])),
      },
    ],
    now: () => 1,
    ...(apiKeys ? { apiKeys } : {}),
  });
  return new OpenAI({
    apiKey: 'key',
    baseURL: 'http://localhost/v1',
    maxRetries: 0,
    fetch: (url, init) => serve(new Request(url as string, init as RequestInit)),
  });
}

describe('the official client', () => {
  it('chats, whole and streamed, with the same text', async () => {
    const whole = await client(scriptedEngine(['<think>hm</think>Hello there.'])).chat.completions.create({
      model: 'm',
      messages: hi,
    });
    expect(whole.choices[0]?.message.content).toBe('Hello there.');
    expect(whole.choices[0]?.finish_reason).toBe('stop');
    const stream = await client(scriptedEngine(['<think>hm</think>Hello there.'])).chat.completions.create({
      model: 'm',
      messages: hi,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let usage = 0;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      usage += chunk.usage?.completion_tokens ?? 0;
    }
    expect(text).toBe('Hello there.');
    expect(usage).toBeGreaterThan(0);
  });
  it('sees whole tool calls, also streamed, and can answer them', async () => {
    const whole = await client(scriptedEngine([callText])).chat.completions.create({
      model: 'm',
      messages: hi,
      tools,
    });
    const call = whole.choices[0]?.message.tool_calls?.[0];
    expect(call?.type === 'function' && call.function).toEqual({
      name: 'calculator',
      arguments: '{"expression":"2+2"}',
    });
    expect(whole.choices[0]?.finish_reason).toBe('tool_calls');
    const runner = client(scriptedEngine([callText, 'It is 4.'])).chat.completions.runTools({
      model: 'm',
      stream: true,
      messages: hi,
      tools: [
        {
          type: 'function',
          function: {
            name: 'calculator',
            description: '',
            parameters: tools[0]!.function.parameters,
            parse: JSON.parse,
            function: (a: { expression: string }) => (a.expression === '2+2' ? '4' : '?'),
          },
        },
      ] as never,
    });
    expect(await runner.finalContent()).toBe('It is 4.');
  });
  it('gets no call from a cut reply', async () => {
    const cut = await client(
      scriptedEngine([{ text: callText.slice(0, -14), end: 'length' }]),
    ).chat.completions.create({ model: 'm', messages: hi, tools });
    expect(cut.choices[0]?.message.tool_calls).toBeUndefined();
    expect(cut.choices[0]?.finish_reason).toBe('length');
  });
  it('may stop at strings, limit tokens, and ask for one call only', async () => {
    const stopped = await client(scriptedEngine(['one two three'])).chat.completions.create({
      model: 'm',
      messages: hi,
      stop: [' th'],
    });
    expect(stopped.choices[0]?.message.content).toBe('one two');
    const short = await client(scriptedEngine(['one two three'], { chunk: 4 })).chat.completions.create({
      model: 'm',
      messages: hi,
      max_tokens: 2,
    });
    expect([
      short.choices[0]?.message.content,
      short.choices[0]?.finish_reason,
      short.usage?.completion_tokens,
    ]).toEqual(['one two ', 'length', 2]);
    const single = await client(scriptedEngine([callText + callText])).chat.completions.create({
      model: 'm',
      messages: hi,
      tools,
      parallel_tool_calls: false,
    });
    expect(single.choices[0]?.message.tool_calls).toHaveLength(1);
  });
  it('completes plain text and embeds', async () => {
    const c = client(scriptedEngine([]));
    expect((await c.completions.create({ model: 'm', prompt: 'once' })).choices[0]?.text).toBe(
      'once and on <tool_call>',
    );
    let text = '';
    for await (const chunk of await c.completions.create({ model: 'm', prompt: 'once', stream: true }))
      text += chunk.choices[0]?.text ?? '';
    expect(text).toBe('once and on <tool_call>');
    const embedded = await c.embeddings.create({ model: 'm', input: ['ab', 'c'] });
    expect(embedded.data.map((d) => Array.from(d.embedding))).toEqual([
      [2, 0.5],
      [1, 0.5],
    ]);
    expect((await c.models.list()).data[0]?.id).toBe('m');
  });
  it('is told what is wrong or not supported, by name', async () => {
    const c = client(scriptedEngine(['x']));
    const create = (extra: object) => c.chat.completions.create({ model: 'm', messages: hi, ...extra });
    await expect(create({ model: 'other' })).rejects.toMatchObject({ status: 404 });
    await expect(create({ temperature: 9 })).rejects.toThrow(/temperature/);
    await expect(create({ logit_bias: { 1: 2 } })).rejects.toThrow(/logit_bias/);
    await expect(create({ response_format: { type: 'json_object' } })).rejects.toThrow(/response_format/);
    await expect(
      create({ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }] }),
    ).rejects.toThrow(/text parts/);
    await expect(client(scriptedEngine(['x']), ['other']).models.list()).rejects.toMatchObject({
      status: 401,
    });
    // Malformed arguments in the history are no reason to fail.
    const history = [
      ...hi,
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'a', type: 'function', function: { name: 'calculator', arguments: '{"expr' } }],
      },
      { role: 'tool', tool_call_id: 'a', content: 'x' },
    ];
    expect((await create({ messages: history })).choices[0]?.message.content).toBe('x');
  });
});

describe('our endpoint engine', () => {
  const over = (engine: Engine): Engine =>
    openAiEndpoint({
      baseUrl: 'http://localhost/v1',
      model: 'm',
      fetch: openAiHandler({ models: [{ id: 'm', engine }] }),
    });
  it('runs tools over our own server', async () => {
    const inner = scriptedEngine([callText, 'It is 4.']);
    const result = await runTools({ engine: over(inner), tools: [calculator()], messages: hi }).result;
    expect(result.calls.map((c) => c.outcome.text)).toEqual(['4']);
    expect(result.text).toBe('Let me see. It is 4.');
    expect(inner.prompts[1]?.map((m) => m.role)).toEqual(['user', 'assistant', 'tool']);
  });
  it('ends with the reason of a cut or failing reply, and runs nothing of it', async () => {
    const cut = await runTools({
      engine: over(scriptedEngine([{ text: callText.slice(0, -14), end: 'length' }])),
      tools: [calculator()],
      messages: hi,
    }).result;
    expect([cut.finish, cut.calls]).toEqual(['length', []]);
    // finish_reason says tool_calls, but the JSON is cut (as real servers do).
    const lying = openAiEndpoint({
      baseUrl: 'http://localhost/v1',
      model: 'm',
      fetch: async (request) => {
        const first = (await request.json()).messages.length === 1;
        const delta = first
          ? {
              tool_calls: [
                { index: 0, id: 'a', function: { name: 'calculator', arguments: '{"expression": "2+' } },
              ],
            }
          : { content: 'sorry' };
        return new Response(
          `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: first ? 'tool_calls' : 'stop' }] })}\n\ndata: [DONE]\n\n`,
        );
      },
    });
    const result = await runTools({ engine: lying, tools: [calculator()], messages: hi }).result;
    expect(result.calls.map((c) => c.outcome.status)).toEqual(['malformed']);
    expect(result.text).toBe('sorry');
    await expect(
      runTools({
        engine: openAiEndpoint({
          baseUrl: 'http://localhost/v1',
          model: 'm',
          fetch: async () => new Response('no', { status: 503 }),
        }),
        messages: hi,
      }).result,
    ).rejects.toThrow(/503/);
  });
});
