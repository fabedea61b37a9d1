import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type GenerateStep, generate, generateBatch } from './generate.ts';
import type { LanguageModel, Sequence, StepRequest } from './language-model.ts';
import type { TokenCodec, TokenSampler } from './token-seams.ts';

const vocabSize = 256;

interface Counting extends LanguageModel {
  open: number;
  /** Ids computed so far. */
  computed: number;
}

/** Ids are bytes; the next one is a hash of all before, so that any wrong state shows. `script`, when given, is what it says instead. */
function byteModel(script?: Uint8Array, maxPositions = 64): Counting {
  const sequence = (ids: number[]): Sequence => {
    model.open++;
    let ended = false;
    return {
      ids,
      get length() {
        return ids.length;
      },
      fork: () => sequence([...ids]),
      truncate(length) {
        ids.length = length;
      },
      dispose() {
        if (!ended) model.open--;
        ended = true;
      },
      [Symbol.dispose]() {
        this.dispose();
      },
    };
  };
  const model: Counting = {
    open: 0,
    computed: 0,
    vocabSize,
    maxPositions,
    eosTokenIds: [0],
    newSequence: () => sequence([]),
    async step(requests: readonly StepRequest[]) {
      return requests.map(({ sequence: { ids }, ids: added }) => {
        (ids as number[]).push(...Array.from(added));
        model.computed += added.length;
        const hash = ids.reduce((h, id) => Math.imul(h ^ id, 0x01000193) >>> 0, 0x811c9dc5);
        const next = script === undefined ? 1 + (hash % 255) : (script[ids.length - 1] ?? 0);
        const row = new Float32Array(vocabSize);
        row[next] = 1;
        return row;
      });
    },
  };
  return model;
}

const codec: TokenCodec = {
  encode: (text) => [...new TextEncoder().encode(text)],
  tokenBytes: (id) => Uint8Array.of(id),
  encodeChat: (messages) => messages.flatMap(({ content }) => [...new TextEncoder().encode(String(content))]),
  specialIds: new Set([1]),
};

async function collect(steps: AsyncIterable<GenerateStep>) {
  const list: GenerateStep[] = [];
  for await (const step of steps) list.push(step);
  return list;
}
const idsOf = (steps: readonly GenerateStep[], sequence = 0) =>
  steps.filter((s) => s.sequence === sequence).map((s) => s.id);

describe('generate', () => {
  test('a batch of prompts of unequal lengths gives the ids each has alone', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.integer({ min: 1, max: 255 }), { minLength: 1, maxLength: 9 }), {
          minLength: 1,
          maxLength: 4,
        }),
        async (prompts) => {
          const batch = await collect(generateBatch(byteModel(), prompts, { maxNewTokens: 7 }));
          for (const [i, prompt] of prompts.entries()) {
            const alone = await collect(generate(byteModel(), prompt, { maxNewTokens: 7 }));
            expect(idsOf(batch, i)).toEqual(idsOf(alone));
          }
        },
      ),
    );
  });

  test('ends at an end-of-sequence id, which is a step without text', async () => {
    const steps = await collect(generate(byteModel(Uint8Array.of(65, 66, 0)), 'x', { codec }));
    expect(steps.map((s) => [s.id, s.text, s.finishReason])).toEqual([
      [65, 'A', undefined],
      [66, 'B', undefined],
      [0, '', 'eos'],
    ]);
  });

  test('a stop string over token borders ends the text before it', async () => {
    const script = new TextEncoder().encode('one END two');
    const steps = await collect(generate(byteModel(script), 'x', { codec, stop: ['END'] }));
    expect(steps.map((s) => s.text).join('')).toBe('one ');
    expect(steps.at(-1)?.finishReason).toBe('stop');
  });

  test('text held back for a stop string comes when the text ends otherwise', async () => {
    const script = new TextEncoder().encode('one EN');
    const steps = await collect(generate(byteModel(script), 'x', { codec, stop: ['END'], maxNewTokens: 6 }));
    expect(steps.map((s) => s.text).join('')).toBe('one EN');
    expect(steps.at(-1)?.finishReason).toBe('length');
  });

  test('special ids are steps without text', async () => {
    const steps = await collect(generate(byteModel(Uint8Array.of(65, 1, 66, 0)), 'x', { codec }));
    expect(steps.map((s) => s.text)).toEqual(['A', '', 'B', '']);
  });

  test('ids that the sampler says must come next are steps like others, computed with the next pass', async () => {
    const script = new TextEncoder().encode('abcdefgh\0');
    const jumping = (jumps: ReadonlyMap<number, number>): TokenSampler & { seen: number[] } => {
      const seen: number[] = [];
      return {
        seen,
        sample(row) {
          seen.push(row.indexOf(Math.max(...row)));
          return { id: seen[seen.length - 1] };
        },
        jumpAhead(most) {
          const from = seen.length;
          const ids = script.subarray(from, from + Math.min(most, jumps.get(from) ?? 0));
          seen.push(...ids);
          return [...ids];
        },
      };
    };
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat({ max: 7 }), fc.nat({ max: 4 }))),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 12 }),
        async (jumps, maxNewTokens, maxPositions) => {
          const limits = { codec, maxNewTokens };
          const plain = await collect(generate(byteModel(script, maxPositions), 'x', limits));
          const model = byteModel(script, maxPositions);
          const sampler = jumping(new Map(jumps));
          const steps = await collect(generate(model, 'x', { ...limits, sampler }));
          expect(steps).toEqual(plain);
          expect(sampler.seen).toEqual(idsOf(steps));
          expect(model.open).toBe(0);
        },
      ),
    );
  });

  test('log-probabilities come from passes: nothing is jumped over when they are wanted', async () => {
    const sampler: TokenSampler = {
      sample: () => ({ id: 65 }),
      jumpAhead: () => {
        throw new Error('not asked');
      },
    };
    const steps = await collect(generate(byteModel(), [5], { sampler, logprobs: 0, maxNewTokens: 2 }));
    expect(steps.map(({ id }) => id)).toEqual([65, 65]);
  });

  test('stops at the last position of the model', async () => {
    const steps = await collect(generate(byteModel(undefined, 10), [5, 6, 7]));
    expect(steps.length).toBe(8);
    expect(steps.at(-1)?.finishReason).toBe('context');
    await expect(collect(generate(byteModel(undefined, 2), [5, 6, 7]))).rejects.toThrow(
      'prompt: expected at most 2 ids, got 3',
    );
  });

  test('log-probabilities are log softmax of the raw row, whatever the sampler writes into it', async () => {
    const vandal: TokenSampler = {
      sample(row) {
        row.fill(0);
        return { id: 7, logprob: 99 };
      },
    };
    const [step] = await collect(
      generate(byteModel(Uint8Array.of(65)), [5], { sampler: vandal, logprobs: 2, maxNewTokens: 1 }),
    );
    const normaliser = Math.log(Math.E + 255);
    expect(step.logprob).toBeCloseTo(-normaliser, 12);
    expect(step.topLogprobs?.map((t) => t.id)).toEqual([65, 0]);
    expect(step.topLogprobs?.[0].logprob).toBeCloseTo(1 - normaliser, 12);
  });

  test('the sampler is told the prompt, and a batch gets a fork a lane', async () => {
    const told: string[] = [];
    const make = (name: string): TokenSampler => ({
      accept: (id) => void told.push(`${name}${id}`),
      sample: () => ({ id: 9 }),
      fork: (lane) => make(`lane${lane}:`),
    });
    await collect(generateBatch(byteModel(), [[5], [6, 7]], { sampler: make('root:'), maxNewTokens: 1 }));
    expect(told).toEqual(['lane0:5', 'lane1:6', 'lane1:7']);
    const rigid: TokenSampler = { sample: () => ({ id: 9 }) };
    await expect(collect(generateBatch(byteModel(), [[5], [6]], { sampler: rigid }))).rejects.toThrow(
      'fork()',
    );
  });

  test('a prompt beyond the positions is read only by who says how many ids may follow', async () => {
    const model = { ...byteModel(undefined, 4), lastPosition: Number.POSITIVE_INFINITY };
    const prompt = [5, 6, 7, 8, 9];
    await expect(collect(generate(model, prompt))).rejects.toThrow(
      'prompt: expected at most 4 ids, got 5 (with maxNewTokens',
    );
    expect(model.computed).toBe(0);
    expect(await collect(generate(model, prompt, { maxNewTokens: 2 }))).toHaveLength(2);
  });

  test('an abort rejects with its reason, and every way out frees the sequences', async () => {
    const model = byteModel();
    const controller = new AbortController();
    const steps = generate(model, [5], { signal: controller.signal });
    await steps.next();
    controller.abort(new Error('enough'));
    await expect(steps.next()).rejects.toThrow('enough');
    for await (const _ of generate(model, [5])) break;
    await collect(generate(model, [5], { maxNewTokens: 3 }));
    await expect(
      collect(
        generate(model, [5], {
          sampler: {
            sample: () => {
              throw new Error('bad');
            },
          },
        }),
      ),
    ).rejects.toThrow('bad');
    expect(model.open).toBe(0);
  });

  test('a given sequence goes on: what it shares with the prompt is not computed again', async () => {
    const model = byteModel();
    const sequence = model.newSequence();
    const first = await collect(generate(model, [5, 6, 7], { sequence, maxNewTokens: 3 }));
    const before = model.computed;
    const prompt = [5, 6, 7, ...idsOf(first), 8];
    const again = await collect(generate(model, prompt, { sequence, maxNewTokens: 3 }));
    // The last id of the first answer was drawn, not yet computed; then 8, then two of the new ones.
    expect(model.computed - before).toBe(4);
    expect(idsOf(again)).toEqual(idsOf(await collect(generate(byteModel(), prompt, { maxNewTokens: 3 }))));
    expect(model.open).toBe(1);
  });

  test('other events have their turn between steps', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    await collect(generate(byteModel(undefined, 4000), [5], { maxNewTokens: 2000 }));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
  });

  test('options it does not know, or cannot use, are refused', async () => {
    const bad = (options: object, prompt: string | number[] = [1]) =>
      collect(generate(byteModel(), prompt, options));
    await expect(bad({ maxTokens: 1 })).rejects.toThrow(
      'generate: unknown option maxTokens, expected one of',
    );
    await expect(bad({ temperature: 1 })).rejects.toThrow("unknown option temperature, which is a sampler's");
    await expect(bad({ stop: 'x' })).rejects.toThrow('stop: expected a list of strings, got "x"');
    await expect(bad({ stopIds: 5 })).rejects.toThrow('stopIds: expected a list of ids, got 5');
    await expect(bad({ codec: null })).rejects.toThrow('codec: expected a tokenizer');
    await expect(bad({ sampler: { temperature: 1 } })).rejects.toThrow(
      'sampler: expected an object with sample',
    );
    for (const [prompt, got] of [
      [null, 'null'],
      [42, '42'],
      [{ role: 'user', content: 'x' }, 'an object with role, content'],
    ] as const)
      await expect(bad({}, prompt as never)).rejects.toThrow(
        `prompt: expected text, ids or a list of messages, got ${got}`,
      );
    await expect(collect(generateBatch(byteModel(), 'x' as never))).rejects.toThrow(
      'prompts: expected a list',
    );
    await expect(bad({ stop: ['x'] })).rejects.toThrow('stop: expected a codec');
    await expect(bad({ maxNewTokens: -1 })).rejects.toThrow('maxNewTokens: expected an integer >= 0, got -1');
    await expect(bad({}, 'text')).rejects.toThrow('prompt: expected ids where there is no codec');
    await expect(bad({}, [])).rejects.toThrow('prompt: expected at least one id');
  });

  test('messages go through the codec', async () => {
    const chat = await collect(
      generate(byteModel(), [{ role: 'user', content: 'hi' }], { codec, maxNewTokens: 3 }),
    );
    const text = await collect(generate(byteModel(), 'hi', { codec, maxNewTokens: 3 }));
    expect(idsOf(chat)).toEqual(idsOf(text));
  });

  test('a long prompt is read in pieces that an abort can come between, with the same answer', async () => {
    const prompt = Array.from({ length: 1300 }, (_, i) => 1 + (i % 255));
    const pieces: number[] = [];
    const model = byteModel(undefined, 4000);
    const watched = {
      ...model,
      step(requests: readonly StepRequest[]) {
        pieces.push(requests[0].ids.length);
        return model.step(requests);
      },
    };
    const steps = await collect(generate(watched, prompt, { maxNewTokens: 2 }));
    expect(pieces).toEqual([512, 512, 276, 1]);
    const whole = model.newSequence();
    const [row] = await model.step([{ sequence: whole, ids: prompt }]);
    expect(steps[0].id).toBe(row.indexOf(1));
    const controller = new AbortController();
    const aborting = {
      ...model,
      step(requests: readonly StepRequest[]) {
        controller.abort(new Error('enough'));
        return model.step(requests);
      },
    };
    await expect(collect(generate(aborting, prompt, { signal: controller.signal }))).rejects.toThrow(
      'enough',
    );
  });

  test('a row with NaN is an error, not an id', async () => {
    const model = byteModel();
    const broken = { ...model, step: async () => [new Float32Array(vocabSize).fill(Number.NaN, 7)] };
    await expect(collect(generate(broken, [5]))).rejects.toThrow(
      'logits: expected numbers, got NaN for id 7',
    );
  });
});
