// sampling's searches and speculation on core's models, met through structural types.
import '@tensorflow/tfjs-backend-cpu';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { generate, generateBatch, loadModel } from '@ashlar/core';
import {
  beamSearch,
  cachedModel,
  draftModel,
  promptLookup,
  sampler,
  speculativeGenerate,
  speculator,
  suffixLookup,
} from '@ashlar/sampling';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

const models = fileURLToPath(new URL('../../shared/goldens/models/', import.meta.url));
const prompt = [1, 5, 9, 5, 9, 5];

describe.skipIf(!existsSync(models))('on tiny checkpoints (skipped where ../shared is absent)', () => {
  beforeAll(async () => {
    await tf.setBackend('cpu');
  });

  it('speculation writes what generate() writes: the same greedy ids, whoever guesses', async () => {
    using model = await loadModel(`${models}llama`);
    const expected: number[] = [];
    for await (const { id } of generate(model, prompt, { maxNewTokens: 16, stopIds: [] })) expected.push(id);
    using draft = await loadModel(`${models}qwen2`);
    const size = Math.min(model.vocabSize, draft.vocabSize);
    using guesses = cachedModel(draft);
    const narrow = {
      nextLogits: async (prefix: readonly number[]) => (await guesses.nextLogits(prefix)).slice(0, size),
    };
    for (const proposer of [promptLookup(), draftModel(narrow, sampler({ greedy: true }))]) {
      using target = cachedModel(model);
      const ids: number[] = [];
      const options = { sampler: sampler({ greedy: true }), proposer, maxNewTokens: 16 };
      for await (const { id } of speculativeGenerate(target, prompt, options)) ids.push(id);
      expect(ids).toEqual(expected);
    }
  });

  it('generate() with a speculator writes the ids of greedy decoding, in fewer passes, alone and in a batch, up to the stop id', async () => {
    using model = await loadModel(`${models}llama`);
    let passes = 0;
    const counting = Object.create(model, {
      step: {
        value: (requests: Parameters<typeof model.step>[0]) => {
          passes++;
          return model.step(requests);
        },
      },
    }) as typeof model;
    const prompts = [prompt, [7, 3, 7, 3, 7], [2, 2, 2]];
    const plain: number[][] = [];
    for (const [i, one] of prompts.entries()) {
      plain[i] = [];
      for await (const { id } of generate(model, one, { maxNewTokens: 40, stopIds: [] })) plain[i].push(id);
    }
    const make = () =>
      speculator({ sampler: sampler({ greedy: true }), proposer: () => suffixLookup(), draft: 5 });
    const alone: number[] = [];
    const one = make();
    for await (const { id } of generate(counting, prompt, { maxNewTokens: 40, stopIds: [], speculator: one }))
      alone.push(id);
    expect(alone).toEqual(plain[0]);
    expect(passes).toBe(40 - one.accepted);
    const batch: number[][] = prompts.map(() => []);
    for await (const { id, sequence } of generateBatch(model, prompts, {
      maxNewTokens: 40,
      stopIds: [],
      speculator: make(),
    }))
      batch[sequence].push(id);
    expect(batch).toEqual(plain);
    const stop = plain[0][11];
    const stopped: number[] = [];
    using sequence = model.newSequence();
    for await (const { id } of generate(model, prompt, {
      maxNewTokens: 40,
      stopIds: [stop],
      speculator: make(),
      sequence,
    }))
      stopped.push(id);
    expect(stopped).toEqual(plain[0].slice(0, plain[0].indexOf(stop) + 1));
    expect(sequence.ids).toEqual([...prompt, ...stopped.slice(0, -1)]);
  });

  it("generate() draws with a sampler's seed, the same ids alone and in a batch, and beams are at least as likely as greedy", async () => {
    using model = await loadModel(`${models}llama`);
    const draw = async (): Promise<number[]> => {
      const ids: number[] = [];
      const options = {
        sampler: sampler({ temperature: 0.9, topK: 20, seed: 4 }),
        maxNewTokens: 8,
        stopIds: [],
      };
      for await (const { id } of generate(model, prompt, options)) ids.push(id);
      return ids;
    };
    expect(await draw()).toEqual(await draw());
    using target = cachedModel(model);
    const [wide] = await beamSearch(target, prompt, { beams: 4, maxNewTokens: 6, lengthPenalty: 0 });
    const [narrow] = await beamSearch(target, prompt, { beams: 1, maxNewTokens: 6, lengthPenalty: 0 });
    expect(wide.logprob).toBeGreaterThanOrEqual(narrow.logprob - 1e-9);
    const greedy: number[] = [];
    for await (const { id } of generate(model, prompt, { maxNewTokens: 6, stopIds: [] })) greedy.push(id);
    expect(narrow.ids).toEqual(greedy);
  });
});
