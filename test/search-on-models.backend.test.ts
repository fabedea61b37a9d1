// sampling's searches and speculation on core's models, met through structural types.
import '@tensorflow/tfjs-backend-cpu';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { generate, loadModel } from '@ashlar/core';
import {
  beamSearch,
  cachedModel,
  draftModel,
  promptLookup,
  sampler,
  speculativeGenerate,
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
