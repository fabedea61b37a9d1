// What the official client's helpers make of a stream: messages, calls by index, tools that they run, usage, errors, and clients that go away.
import OpenAI, { APIError } from 'openai';
import { describe, expect, it } from 'vitest';
import type { Engine } from '../engines/engine.ts';
import { scriptedEngine } from '../engines/scripted-engine.ts';
import { openAiHandler } from './handler.ts';

const client = (engine: Engine): OpenAI => {
  const serve = openAiHandler({ models: [{ id: 'm', engine }] });
  return new OpenAI({
    apiKey: 'key',
    baseURL: 'http://localhost/v1',
    maxRetries: 0,
    fetch: (url, init) => serve(new Request(url as string, init as RequestInit)),
  });
};
const weather = {
  type: 'function' as const,
  function: {
    name: 'weather',
    description: 'Weather of a city.',
    parameters: { type: 'object', properties: { city: { type: 'string' }, days: { type: 'integer' } } },
  },
};
const asked = { model: 'm', messages: [{ role: 'user' as const, content: 'Weather?' }], tools: [weather] };
const call = (city: string): string =>
  `<tool_call>\n{"name": "weather", "arguments": {"city": "${city}", "days": 2}}\n</tool_call>`;
const two = `Both. ${call('Paris')}\n${call('Reykjavík')}`;

/** The weather tool as `runTools` takes it. */
const runnable = (run: (args: { city: string }) => string | undefined) => ({
  type: 'function' as const,
  function: { ...weather.function, parse: JSON.parse, function: run },
});

describe('a streamed answer with calls', () => {
  it('opens every call with its index, id and name, and goes on with its arguments alone', async () => {
    const deltas = [];
    let finish: string | null = null;
    const stream = await client(scriptedEngine([two])).chat.completions.create({ ...asked, stream: true });
    for await (const chunk of stream) {
      deltas.push(...(chunk.choices[0]?.delta.tool_calls ?? []));
      finish = chunk.choices[0]?.finish_reason ?? finish;
    }
    expect(finish).toBe('tool_calls');
    const opening = deltas.filter(({ id }) => id !== undefined);
    expect(opening.map(({ index, type, function: f }) => [index, type, f])).toEqual(
      [0, 1].map((index) => [index, 'function', { name: 'weather', arguments: '' }]),
    );
    for (const index of [0, 1]) {
      const own = deltas.filter((delta) => delta.index === index);
      expect(own[0]?.id).toBeDefined();
      expect(own.length).toBeGreaterThan(4);
      for (const { id, type, function: f } of own.slice(1))
        expect([id, type, Object.keys(f ?? {})]).toEqual([undefined, undefined, ['arguments']]);
    }
    expect(deltas.map(({ index }) => index)).toEqual(deltas.map(({ index }) => index).sort());
  });
  it('is gathered by the stream helper: arguments while they come, calls once, message and usage', async () => {
    const stream = client(scriptedEngine([two])).chat.completions.stream({
      ...asked,
      stream_options: { include_usage: true },
    });
    const done: unknown[] = [];
    let provisional = 0;
    stream.on('tool_calls.function.arguments.delta', () => provisional++);
    stream.on('tool_calls.function.arguments.done', ({ index, name, arguments: args }) =>
      done.push([index, name, JSON.parse(args)]),
    );
    const message = await stream.finalMessage();
    const expected = ['Paris', 'Reykjavík'].map((city) => ({ city, days: 2 }));
    expect(done).toEqual(expected.map((args, index) => [index, 'weather', args]));
    expect(provisional).toBeGreaterThan(8);
    expect(message.content).toBe('Both. ');
    expect(message.tool_calls?.map((c) => c.type === 'function' && JSON.parse(c.function.arguments))).toEqual(
      expected,
    );
    const completion = await stream.finalChatCompletion();
    expect(completion.choices[0]?.finish_reason).toBe('tool_calls');
    expect(completion.usage?.completion_tokens).toBe(Math.ceil(two.length / 7));
    expect((await stream.totalUsage()).total_tokens).toBe(completion.usage?.total_tokens);
  });
  it('is what runTools runs: every call once, with the arguments it was written with, and on to the answer', async () => {
    const engine = scriptedEngine([two, 'Mild and windy.']);
    const ran: unknown[] = [];
    const runner = client(engine).chat.completions.runTools({
      ...asked,
      stream: true,
      tools: [
        runnable((args) => {
          ran.push(args);
          return `of ${args.city}`;
        }),
      ],
    });
    expect(await runner.finalContent()).toBe('Mild and windy.');
    expect(ran).toEqual(['Paris', 'Reykjavík'].map((city) => ({ city, days: 2 })));
    const shown = engine.prompts[1]?.filter(({ role }) => role === 'tool') ?? [];
    expect(shown.map(({ content }) => content)).toEqual(['of Paris', 'of Reykjavík']);
    const ids = engine.prompts[1]?.flatMap(({ toolCalls = [] }) => toolCalls.map(({ id }) => id));
    expect(shown.map(({ toolCallId }) => toolCallId)).toEqual(ids);
  });
  it('that was cut in a call ends with length, and runTools runs nothing of it', async () => {
    const ran: unknown[] = [];
    const runner = client(
      scriptedEngine([{ text: call('Paris').slice(0, -16), end: 'length' }]),
    ).chat.completions.runTools({
      ...asked,
      stream: true,
      tools: [
        runnable((args) => {
          ran.push(args);
          return undefined;
        }),
      ],
    });
    await expect(runner.finalContent()).rejects.toThrow(/length limit/);
    expect(ran).toEqual([]);
  });
  it('counts several choices apart: calls of each begin at index 0', async () => {
    const stream = client(scriptedEngine([two, call('Oslo')])).chat.completions.stream({ ...asked, n: 2 });
    const { choices } = await stream.finalChatCompletion();
    expect(choices.map(({ message }) => message.tool_calls?.length)).toEqual([2, 1]);
  });
});

/** An engine whose model writes `text` and then does `then`. */
function engineThat(
  text: string,
  then: (signal: AbortSignal) => Promise<never>,
): Engine & { closed: number; open: unknown } {
  const inner = scriptedEngine([text], { chunk: 3 });
  const engine = {
    ...inner,
    closed: 0,
    async open(...given: Parameters<Engine['open']>) {
      const turn = await inner.open(...given);
      return {
        ...turn,
        async next(signal: AbortSignal) {
          const piece = await turn.next(signal);
          return piece.type === 'end' ? then(signal) : piece;
        },
        close: () => void engine.closed++,
      };
    },
  };
  return engine;
}

describe('a stream that fails', () => {
  it('tells the error as the API does, closes the turn, and says neither finish nor what went wrong inside', async () => {
    const engine = engineThat(call('Paris').slice(0, 60), () => Promise.reject(new Error('secret path')));
    const stream = await client(engine).chat.completions.create({ ...asked, stream: true });
    let finish: unknown = null;
    let error: unknown;
    try {
      for await (const chunk of stream) finish = chunk.choices[0]?.finish_reason ?? finish;
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(APIError);
    expect((error as APIError).error).toEqual({
      message: 'the model failed',
      type: 'server_error',
      param: null,
      code: null,
    });
    expect([finish, engine.closed]).toEqual([null, 1]);
    await expect(client(engine).chat.completions.stream(asked).finalMessage()).rejects.toThrow(
      /the model failed/,
    );
  });
  it('before anything was said, with the status', async () => {
    const engine = engineThat('', () =>
      Promise.reject(new RangeError('context: expected at most 5 tokens, got 9')),
    );
    await expect(client(engine).chat.completions.create({ ...asked, stream: true })).rejects.toMatchObject({
      status: 400,
      code: 'context_length_exceeded',
    });
    expect(engine.closed).toBe(1);
  });
});

describe('a client that leaves in the middle of a call', () => {
  const until = async (what: () => boolean): Promise<void> => {
    for (let i = 0; i < 200 && !what(); i++) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  it('ends the turn: by abort, and by not reading on, also while the model is at work', async () => {
    for (const leave of ['abort', 'return'] as const) {
      let aborted = false;
      const engine = engineThat(
        call('Paris').slice(0, 60),
        (signal) =>
          new Promise((_, reject) =>
            signal.addEventListener('abort', () => {
              aborted = true;
              reject(new Error('aborted'));
            }),
          ),
      );
      const controller = new AbortController();
      const stream = await client(engine).chat.completions.create(
        { ...asked, stream: true },
        { signal: controller.signal },
      );
      let written = '';
      for await (const chunk of stream) {
        written += chunk.choices[0]?.delta.tool_calls?.[0]?.function?.arguments ?? '';
        if (!written.includes('Par')) continue;
        if (leave === 'return') break;
        setTimeout(() => controller.abort(), 5);
      }
      await until(() => engine.closed === 1);
      expect([leave, engine.closed]).toEqual([leave, 1]);
      if (leave === 'abort') expect(aborted).toBe(true);
    }
  });
});
