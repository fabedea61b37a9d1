// sampling's constraints through core's generate and scheduler: the text is of the language, and what is forced costs no pass, on the embedded model on tfjs's cpu backend.
import '@tensorflow/tfjs-backend-cpu';
import { fileURLToPath } from 'node:url';
import { createScheduler, type GenerateStep, generate, loadModel } from '@ashlar/core';
import { sampler } from '@ashlar/sampling';
import { constraint, jsonSchema, matchesGrammar } from '@ashlar/sampling/constraints';
import { loadTokenizer } from '@ashlar/tokenizer';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';

const place = fileURLToPath(new URL('../models/stories', import.meta.url));
const collect = async (steps: AsyncIterable<GenerateStep>) => {
  const list: GenerateStep[] = [];
  for await (const step of steps) list.push(step);
  return list;
};

beforeAll(async () => {
  await tf.setBackend('cpu');
});

it('a constraint given to the sampler shapes the text of generate and of the scheduler, with fewer passes than ids', async () => {
  using model = await loadModel(place);
  const tokenizer = await loadTokenizer(model.assets);
  const language = jsonSchema(
    {
      type: 'object',
      properties: { hero: { enum: ['Lily', 'Tom'] }, happy: { type: 'boolean' } },
      required: ['hero', 'happy'],
      additionalProperties: false,
    },
    { whitespace: 'compact', propertyOrder: 'schema' },
  );
  const scheduler = createScheduler(model, { tokensPerPass: 32, maxSequences: 2 });
  for (const seed of [1, 2]) {
    const options = () => ({
      codec: tokenizer,
      sampler: sampler({ temperature: 1.2, constraint: constraint(language, tokenizer), seed }),
      maxNewTokens: 60,
    });
    const alone = await collect(generate(model, 'Once upon a time', options()));
    const text = alone.map((step) => step.text).join('');
    expect(matchesGrammar(language, text)).toBe(true);
    const before = scheduler.stats.passes;
    const scheduled = await collect(scheduler.submit('Once upon a time', options()));
    expect(scheduled.map(({ id }) => id)).toEqual(alone.map(({ id }) => id));
    expect(scheduler.stats.passes - before).toBeLessThan(alone.length / 2);
  }
  await scheduler.dispose();
  expect(model.cache.pool.free).toBe(model.cache.pool.capacity);
});
