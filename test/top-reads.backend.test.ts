// core's generate and scheduler with sampling's samplers on models that give their largest logits only: the ids are those of whole rows. On tfjs's cpu backend with a sort in the
// place of a device, and on the webgpu executor where there is Dawn.
import '@tensorflow/tfjs-backend-cpu';
import { fileURLToPath } from 'node:url';
import {
  chooseBackend,
  createScheduler,
  type GenerateStep,
  generate,
  generateBatch,
  type LanguageModel,
  loadModel,
  type Model,
} from '@ashlar/core';
import { promptLookup, type SamplerOptions, sampler, speculator } from '@ashlar/sampling';
import { choices, constraint, prepareVocabulary } from '@ashlar/sampling/constraints';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { allowSwiftShader, peers } from '../peers/modules.ts';

const place = fileURLToPath(new URL('../models/stories', import.meta.url));
allowSwiftShader();
const onWebgpu = () => chooseBackend('webgpu', { peers, allowSoftwareGpu: true });
const hasWebgpu = await onWebgpu().then(
  () => true,
  () => false,
);

/** What a model was asked for. */
interface Counts {
  rows: number;
  tops: number;
  after: number;
}

/** `model` with a `readStep` that sorts whole rows. */
function sorting(model: Model, counts: Counts): Model {
  return {
    ...model,
    async readStep(requests) {
      const rows = await model.step(requests);
      return rows.map((row, i) => {
        const { read } = requests[i]!;
        if (read === 'nothing') return undefined;
        if (read === 'row') {
          counts.rows++;
          return row;
        }
        const ids = Int32Array.from(
          Array.from(row.keys()).sort((a, b) => row[b]! - row[a]! || a - b),
        ).subarray(0, read.count);
        const logits = Float32Array.from(ids, (id) => row[id]!);
        const sum = row.reduce((total, logit) => total + Math.exp(logit - logits[0]!), 0);
        const top = { ids, logits, logSumExp: logits[0]! + Math.log(sum) };
        if (read.enough(top)) {
          counts.tops++;
          return top;
        }
        counts.after++;
        return row;
      });
    },
  };
}

/** The same model without its way to less than rows. */
function onlyRows(model: Model): LanguageModel<ReturnType<Model['newSequence']>> {
  const { readStep, ...rest } = model;
  return rest;
}

const vocabulary = (size: number) =>
  prepareVocabulary({
    vocabSize: size,
    tokenBytes: (id) => (id < 3 ? new Uint8Array() : Uint8Array.of(97 + (id % 26))),
    eosTokenIds: [0],
  });
const chains = (size: number): Record<string, SamplerOptions> => ({
  greedy: { greedy: true },
  'temperature 0 with penalties': { temperature: 0, repetitionPenalty: 1.3, frequencyPenalty: 0.2 },
  'top-k': { topK: 20, temperature: 0.9 },
  'top-k then top-p, raw logprobs': {
    topK: 40,
    topP: 0.9,
    order: 'llamacpp',
    logprobs: 'raw',
    topLogprobs: 3,
  },
  'top-k behind penalties and DRY': { topK: 30, repetitionPenalty: 1.2, dry: { multiplier: 0.8 } },
  'top-k under mirostat': { topK: 50, mirostat: { tau: 3, eta: 0.1 } },
  'a constraint': {
    greedy: true,
    constraint: constraint(choices(['abcde', 'abxyz', 'zyx']), vocabulary(size)),
  },
  'top-p, full support': { topP: 0.9 },
});

async function collect(steps: AsyncIterable<GenerateStep>) {
  const list: { id: number; sequence: number; finishReason: unknown; logprob: number | undefined }[] = [];
  for await (const { id, sequence, finishReason, logprob } of steps)
    list.push({ id, sequence, finishReason, logprob });
  return list;
}

/** The same steps; log-probabilities within what another order of summing changes. */
const near = (steps: Awaited<ReturnType<typeof collect>>) =>
  steps.map((step) => ({
    ...step,
    logprob: step.logprob === undefined ? undefined : expect.closeTo(step.logprob, 3),
  }));

/** Generated with `logprobs`, so that steps agree in all they say. */
async function agree(short: Model, whole: LanguageModel<ReturnType<Model['newSequence']>>, tokens: number) {
  for (const [name, options] of Object.entries(chains(short.vocabSize))) {
    const settings = (seed: number, logprobs?: number) => ({
      maxNewTokens: tokens,
      sampler: sampler({ ...options, seed }),
      ...(logprobs === undefined ? {} : { logprobs }),
    });
    for (const logprobs of [0, 4]) {
      const prompt = [1, 9, 5 + logprobs];
      expect(await collect(generate(short, prompt, settings(7, logprobs))), name).toEqual(
        near(await collect(generate(whole, prompt, settings(7, logprobs)))),
      );
    }
    const prompts = [[3], [4, 5, 6]];
    const ids = async (model: LanguageModel<ReturnType<Model['newSequence']>>) =>
      (await collect(generateBatch(model, prompts, settings(8)))).map(({ id, sequence }) => [id, sequence]);
    expect(await ids(short), name).toEqual(await ids(whole));
  }
}

/** Requests that need whole rows, the largest logits, and guesses, beside each other. */
async function schedule(model: LanguageModel<ReturnType<Model['newSequence']>>): Promise<number[][]> {
  const scheduler = createScheduler(model as Model, { tokensPerPass: 16, maxSequences: 4 });
  const samplers = Object.values(chains(model.vocabSize)).map((options) => ({
    sampler: sampler({ ...options, seed: 3 }),
  }));
  const guessing = {
    speculator: speculator({ sampler: sampler({ greedy: true }), proposer: () => promptLookup() }),
  };
  const prompt = [5, 9, 5, 9, 40, 41, 42, 5, 9, 5, 9, 40];
  const answers = await Promise.all(
    [...samplers, guessing].map(async (options, n) =>
      (await collect(scheduler.submit([...prompt, n], { ...options, maxNewTokens: 6, stopIds: [] }))).map(
        ({ id }) => id,
      ),
    ),
  );
  await scheduler.dispose();
  return answers;
}

describe('draws from the largest logits', () => {
  it('are those from whole rows, in generate, in a batch and in the scheduler (cpu)', async () => {
    await tf.setBackend('cpu');
    using model = await loadModel(place);
    const counts = { rows: 0, tops: 0, after: 0 };
    const short = sorting(model, counts);
    await agree(short, model, 8);
    expect(counts.tops).toBeGreaterThan(counts.rows + counts.after);
    // The chain of full support, and what penalties or a constraint left open.
    expect(counts.rows).toBeGreaterThan(0);
    expect(await schedule(short)).toEqual(await schedule(model));
  });

  it.skipIf(!hasWebgpu)('are those from whole rows on the webgpu executor', async () => {
    await onWebgpu();
    using model = await loadModel(place);
    expect(model.readStep).toBeDefined();
    await agree(model, onlyRows(model), 4);
    expect(await schedule(model)).toEqual(await schedule(onlyRows(model)));
  });
});
