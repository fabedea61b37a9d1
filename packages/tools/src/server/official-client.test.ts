// What the official client may ask of a local model, field by field: what it gets, or the name of what it does not.
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { inlineEngine, type SplicingModel, type SplicingSequence } from '../engines/inline-engine.ts';
import { scriptedEngine } from '../engines/scripted-engine.ts';
import { openAiHandler, type ServedModel } from './handler.ts';

const encode = (text: string): number[] => [...new TextEncoder().encode(text)];
const rendered = 'user: Hi\nassistant: ';
/** A model over bytes that most wants to say `script`, and next to it the byte after. */
function scripted(script: string): SplicingModel & { steps: number } {
  const model: SplicingModel & { steps: number } = {
    steps: 0,
    maxPositions: 400,
    eosTokenIds: [256],
    newSequence(): SplicingSequence {
      const ids: number[] = [];
      return { ids, truncate: (n) => ids.splice(n), dispose() {} };
    },
    async step([request]) {
      const { sequence, ids } = request as { sequence: SplicingSequence; ids: ArrayLike<number> };
      model.steps++;
      (sequence.ids as number[]).push(...Array.from(ids));
      const logits = new Float32Array(257);
      const next = encode(script)[sequence.ids.length - rendered.length] ?? 256;
      logits[next] = 4;
      logits[(next + 1) % 257] = 3;
      return [logits];
    },
  };
  return model;
}
const client = (script: string, more: Partial<ServedModel> = {}): OpenAI & { steps: () => number } => {
  const model = scripted(script);
  const engine = inlineEngine({
    model,
    codec: {
      encode,
      tokenBytes: (id) => (id < 256 ? Uint8Array.of(id) : undefined),
      encodeChat: () => encode(rendered),
      eosTokenIds: [256],
      specialIds: new Set([256]),
    },
    format: 'hermes',
  });
  const serve = openAiHandler({ models: [{ id: 'm', engine, complete: () => engine, ...more }] });
  const made = new OpenAI({
    apiKey: 'key',
    baseURL: 'http://localhost/v1',
    maxRetries: 0,
    fetch: (url, init) => serve(new Request(url as string, init as RequestInit)),
  });
  return Object.assign(made, { steps: () => model.steps });
};
const asked = { model: 'm', messages: [{ role: 'user' as const, content: 'Hi' }] };
const tools = ['now', 'later'].map((name) => ({
  type: 'function' as const,
  function: { name, parameters: { type: 'object', properties: {} } },
}));
const call = '<tool_call>{"name": "now", "arguments": {}}</tool_call>';

describe('usage', () => {
  it('counts the rendered prompt, and every sampled token with calls and the end of the turn', async () => {
    const whole = await client(call).chat.completions.create({ ...asked, tools });
    expect(whole.usage).toMatchObject({
      prompt_tokens: rendered.length,
      completion_tokens: call.length + 1,
      total_tokens: rendered.length + call.length + 1,
      prompt_tokens_details: { cached_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 0 },
    });
    const thought = await client('<think>abc</think>d').chat.completions.create(asked);
    expect(thought.usage?.completion_tokens_details?.reasoning_tokens).toBeGreaterThanOrEqual(3);
    const again = client('ab');
    await again.chat.completions.create(asked);
    const second = await again.chat.completions.create(asked);
    expect(second.usage?.prompt_tokens_details?.cached_tokens).toBe(rendered.length - 1);
  });
  it('is told at the end of a stream that asks for it, and is null before', async () => {
    const usages = [];
    for await (const chunk of await client('ab').chat.completions.create({
      ...asked,
      stream: true,
      stream_options: { include_usage: true },
    }))
      usages.push(chunk.usage);
    expect(usages.slice(0, -1).every((usage) => usage === null)).toBe(true);
    expect(usages.at(-1)).toMatchObject({ prompt_tokens: rendered.length, completion_tokens: 3 });
    for await (const chunk of await client('ab').chat.completions.create({ ...asked, stream: true }))
      expect(chunk).not.toHaveProperty('usage');
  });
  it('n answers: the prompt once, the answers together', async () => {
    const whole = await client('ab').chat.completions.create({ ...asked, n: 3 });
    expect(whole.choices.map((c) => [c.index, c.message.content])).toEqual([0, 1, 2].map((i) => [i, 'ab']));
    expect(whole.usage).toMatchObject({ prompt_tokens: rendered.length, completion_tokens: 9 });
    const texts = ['', '', ''];
    for await (const chunk of await client('ab').chat.completions.create({ ...asked, n: 3, stream: true }))
      for (const choice of chunk.choices) texts[choice.index] += choice.delta.content ?? '';
    expect(texts).toEqual(['ab', 'ab', 'ab']);
  });
});

describe('logprobs and logit_bias', () => {
  const total = Math.log(Math.exp(4) + Math.exp(3) + 255);
  it('every sampled token has its own and the top ones, whole and streamed', async () => {
    const request = { ...asked, logprobs: true, top_logprobs: 2 };
    const whole = await client('aé').chat.completions.create(request);
    const tokens = whole.choices[0]?.logprobs?.content ?? [];
    expect(tokens.map((t) => t.bytes)).toEqual([[97], [0xc3], [0xa9]]);
    expect(tokens[0]?.token).toBe('a');
    expect(tokens[0]?.logprob).toBeCloseTo(4 - total, 5);
    expect(tokens[0]?.top_logprobs.map((t) => [t.token, Math.round(4 - total - t.logprob)])).toEqual([
      ['a', 0],
      ['b', 1],
    ]);
    const streamed = [];
    for await (const chunk of await client('aé').chat.completions.create({ ...request, stream: true }))
      streamed.push(...(chunk.choices[0]?.logprobs?.content ?? []));
    expect(streamed).toEqual(tokens);
    const old = await client('ab').completions.create({ model: 'm', prompt: 'x', logprobs: 1 });
    expect(old.choices[0]?.logprobs).toMatchObject({ tokens: ['a', 'b'], text_offset: [0, 1] });
  });
  it('a bias changes what is drawn, and the vocabulary bounds its ids', async () => {
    const biased = await client('aaa').chat.completions.create({ ...asked, logit_bias: { 97: -100 } });
    expect(biased.choices[0]?.message.content).toBe('bbb');
    await expect(
      client('a').chat.completions.create({ ...asked, logit_bias: { 9999: 1 } }),
    ).rejects.toMatchObject({
      status: 400,
      param: 'logit_bias',
    });
    await expect(client('a').chat.completions.create({ ...asked, logit_bias: { 1: 101 } })).rejects.toThrow(
      /logit_bias: expected/,
    );
  });
});

describe('tools', () => {
  it('tool_choice none: no call, and the marks are words like any others', async () => {
    const whole = await client(call).chat.completions.create({ ...asked, tools, tool_choice: 'none' });
    expect(whole.choices[0]?.message).toMatchObject({ content: call });
    expect(whole.choices[0]?.message.tool_calls).toBe(undefined);
    const bare = await client(call).chat.completions.create(asked);
    expect(bare.choices[0]?.message.content).toBe(call);
  });
  it('allowed_tools restricts the tools, and a name that is not of the list is refused', async () => {
    const allowed = (name: string) => ({
      ...asked,
      tools,
      tool_choice: {
        type: 'allowed_tools' as const,
        allowed_tools: { mode: 'auto' as const, tools: [{ type: 'function', function: { name } }] },
      },
    });
    const whole = await client(call).chat.completions.create(allowed('now'));
    expect(whole.choices[0]?.message.tool_calls).toHaveLength(1);
    await expect(client(call).chat.completions.create(allowed('other'))).rejects.toThrow(/tool_choice/);
  });
});

describe('completions', () => {
  it('takes several prompts, n, echo, stop and a stream with usage', async () => {
    const many = await client('ab').completions.create({ model: 'm', prompt: ['x', 'y'], n: 2, echo: true });
    expect(many.choices.map((c) => [c.index, c.text])).toEqual([
      [0, 'xab'],
      [1, 'xab'],
      [2, 'yab'],
      [3, 'yab'],
    ]);
    expect(many.usage?.completion_tokens).toBe(12);
    let text = '';
    let usage = 0;
    for await (const chunk of await client('abcd').completions.create({
      model: 'm',
      prompt: 'x',
      stop: 'c',
      stream: true,
      stream_options: { include_usage: true },
    })) {
      text += chunk.choices[0]?.text ?? '';
      usage += chunk.usage?.completion_tokens ?? 0;
    }
    expect([text, usage]).toEqual(['ab', 3]);
    for (const extra of [{ suffix: 'x' }, { best_of: 2 }])
      await expect(
        client('a').completions.create({ model: 'm', prompt: 'x', ...extra }),
      ).rejects.toMatchObject({
        param: Object.keys(extra)[0],
        code: 'unsupported_parameter',
      });
  });
});

describe('embeddings', () => {
  const embedding = client('', { embed: async (texts) => texts.map(() => Float32Array.from([3, 4, 12])) });
  it('come as numbers or base64, shortened to dimensions at length 1', async () => {
    const base64 = await embedding.embeddings.create({ model: 'm', input: ['ab', 'c'] });
    const float = await embedding.embeddings.create({
      model: 'm',
      input: ['ab', 'c'],
      encoding_format: 'float',
    });
    expect(base64.data.map((d) => Array.from(d.embedding))).toEqual(float.data.map((d) => d.embedding));
    expect(float.usage).toEqual({ prompt_tokens: 3, total_tokens: 3 });
    const short = await embedding.embeddings.create({
      model: 'm',
      input: 'x',
      dimensions: 2,
      encoding_format: 'float',
    });
    expect(short.data[0]?.embedding.map((x) => Number(x.toFixed(5)))).toEqual([0.6, 0.8]);
    for (const extra of [
      { dimensions: 4 },
      { encoding_format: 'hex' as never },
      { input: [[1, 2]] },
      { input: '' },
    ])
      await expect(embedding.embeddings.create({ model: 'm', input: 'x', ...extra })).rejects.toMatchObject({
        status: 400,
        param: Object.keys(extra)[0],
      });
  });
});

describe('models and errors', () => {
  it('models are listed and told one by one', async () => {
    expect((await client('').models.list()).data.map((model) => model.id)).toEqual(['m']);
    expect((await client('').models.retrieve('m')).id).toBe('m');
    await expect(client('').models.retrieve('x')).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
    });
  });
  it('have the shape of OpenAI', async () => {
    const c = client('a');
    const create = (extra: object) => c.chat.completions.create({ ...asked, ...extra });
    await expect(create({ model: 'x' })).rejects.toMatchObject({
      status: 404,
      param: 'model',
      code: 'model_not_found',
      type: 'invalid_request_error',
    });
    await expect(
      create({ messages: [{ role: 'user', content: 'Hi' }], temperature: 3 }),
    ).rejects.toMatchObject({
      status: 400,
      param: 'temperature',
      code: 'invalid_value',
    });
    for (const name of [
      'audio',
      'functions',
      'prediction',
      'reasoning_effort',
      'verbosity',
      'web_search_options',
    ])
      await expect(create({ [name]: {} })).rejects.toMatchObject({
        param: name,
        code: 'unsupported_parameter',
      });
    for (const name of ['max_tokens', 'n', 'seed', 'top_logprobs'])
      await expect(create({ [name]: 1.5 })).rejects.toMatchObject({ status: 400 });
    await expect(create({ stream_options: { include_usage: true } })).rejects.toThrow(/stream_options/);
    await expect(create({ logprobs: true, top_logprobs: 21 })).rejects.toThrow(/top_logprobs/);
    await expect(create({ temperature: 0.5 })).rejects.toThrow(/temperature: this model does not take it/);
  });
  it('a prompt that is too long says so', async () => {
    const engine = inlineEngine({
      model: { ...scripted('a'), maxPositions: 5 },
      codec: { encode, tokenBytes: (id) => Uint8Array.of(id), encodeChat: () => encode(rendered) },
      format: 'hermes',
    });
    await expect(client('', { engine }).chat.completions.create(asked)).rejects.toMatchObject({
      status: 400,
      code: 'context_length_exceeded',
    });
  });
});

describe('a client that goes away', () => {
  it('stops the model: a stream that is left generates nothing more, and the next request finds it free', async () => {
    const c = client('a'.repeat(300));
    const stream = await c.chat.completions.create({ ...asked, stream: true });
    let seen = 0;
    for await (const chunk of stream) {
      seen += chunk.choices[0]?.delta.content?.length ?? 0;
      if (seen >= 5) break;
    }
    const steps = c.steps();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(c.steps()).toBeLessThanOrEqual(steps + 1);
    expect((await c.chat.completions.create({ ...asked, max_tokens: 2 })).choices[0]?.message.content).toBe(
      'aa',
    );
  });
  it('an abort reaches a model that is generating a whole answer', async () => {
    const closed: string[] = [];
    const controller = new AbortController();
    const engine = scriptedEngine(['unused']);
    const endless = {
      ...engine,
      open: () => ({
        promptTail: '',
        async next(signal: AbortSignal) {
          await new Promise((resolve) => setTimeout(resolve, 1));
          controller.abort();
          return signal.aborted
            ? ({ type: 'end', reason: 'abort' } as const)
            : ({ type: 'text', text: 'x' } as const);
        },
        close: () => void closed.push('closed'),
      }),
    };
    await expect(
      client('', { engine: endless }).chat.completions.create(asked, { signal: controller.signal }),
    ).rejects.toThrow();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(closed).toEqual(['closed']);
  });
});
