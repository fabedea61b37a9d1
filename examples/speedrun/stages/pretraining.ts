// Stages 2 and 3: the language from raw text (stories, and pages of questions as the web answers them), and what the model dreams of afterwards.
import {
  bitsPerByte,
  initParameters,
  languageModelObjective,
  padRows,
  sourceOf,
  type TokenBatch,
  tokenNegativeLogProbs,
  tokensInMemory,
  tokenWindows,
} from '@ashlar/core';
import { rollouts } from '@ashlar/rlhf';
import * as tf from '@tensorflow/tfjs-core';
import { checkStory, isCoherent, type StoryCheck } from '../../story-world/check-story.ts';
import { storyOf } from '../../story-world/story-of.ts';
import { modelOf, textOf } from '../answers.ts';
import { share } from '../evaluate.ts';
import { pageIds } from '../prompts.ts';
import { questionOf } from '../questions.ts';
import { documentEnd } from '../run-tokenizer.ts';
import { questionNumber, type Speedrun, shown, writeCard } from '../speedrun-context.ts';
import { fast, trainedStage } from '../train-stage.ts';
import { heldOutStories } from './tokenizer.ts';

/** Stories and pages in turn, about as many tokens of each, every document behind an end. */
export function pretrainingTokens({ setting, tokenizer, random }: Speedrun): Int32Array {
  const tokens: number[] = [];
  let pages = 0;
  for (let i = 0; i < setting.stories; i++) {
    const story = tokenizer.encode(storyOf(random, i).text);
    tokens.push(documentEnd, ...story);
    for (let room = story.length; room > 0; pages++) {
      const page = pageIds(tokenizer, questionOf(random, questionNumber('pages', pages), { sums: 'shown' }));
      tokens.push(documentEnd, ...page.slice(0, -1));
      room -= page.length;
    }
  }
  return Int32Array.from(tokens);
}

export const pretrainingBatches = (speedrun: Speedrun): ((index: number) => Promise<TokenBatch>) => {
  const { setting, random, card } = speedrun;
  const tokens = pretrainingTokens(speedrun);
  card.facts['tokens of the pretraining text'] = tokens.length;
  return tokenWindows(tokensInMemory(tokens), { rows: setting.rows, length: setting.length, random });
};

/** Bits a byte of held-out stories. */
async function heldOutBits(
  { tokenizer, config, random }: Speedrun,
  parameters: ReadonlyMap<string, tf.Tensor>,
): Promise<number> {
  let [nats, tokens, bytes] = [0, 0, 0];
  for (const text of heldOutStories(random, 48)) {
    const ids = [documentEnd, ...tokenizer.encode(text)].slice(0, config.maxPositions);
    const losses = tf.tidy(() =>
      tf.sum(tokenNegativeLogProbs(config, sourceOf(parameters), padRows([{ ids }]))),
    );
    nats += (await losses.data())[0];
    losses.dispose();
    tokens += ids.length - 1;
    bytes += ids.slice(1).reduce((sum, id) => sum + (tokenizer.tokenBytes(id)?.length ?? 0), 0);
  }
  return bitsPerByte(nats / tokens, tokens, bytes);
}

export async function pretrainingStage(
  speedrun: Speedrun,
  batchAt: (i: number) => Promise<TokenBatch>,
): Promise<void> {
  const { config, random, run, setting } = speedrun;
  await trainedStage(
    speedrun,
    {
      name: 'pretraining',
      start: async () => initParameters(config, random),
      objective: languageModelObjective(config),
      optimizer: fast,
      steps: setting.steps.pretrain,
      peak: 4e-3,
      batchAt,
    },
    'page',
  );
  const bits = await run.stage('held-out', async () => {
    const untrained = initParameters(config, random);
    const trained = await run.parameters('pretraining');
    const result = {
      before: await heldOutBits(speedrun, untrained),
      after: await heldOutBits(speedrun, trained),
    };
    tf.dispose([...untrained.values(), ...trained.values()]);
    return result;
  });
  shown(speedrun, 'pretraining', 'bits a byte of held-out stories', bits.before, bits.after);
  await writeCard(speedrun);
}

export async function dreamsStage(speedrun: Speedrun): Promise<void> {
  const { run, config, random, tokenizer, card } = speedrun;
  const count = 24;
  const dreams = await run.stage('dreams', async () => {
    const parameters = await run.parameters('pretraining');
    using model = modelOf(config, parameters);
    tf.dispose([...parameters.values()]);
    const drawn = await rollouts(model, [[documentEnd, ...tokenizer.encode('Once upon a time')]], {
      ...{ groupSize: count, random, round: 9_999_999, stopIds: [documentEnd] },
      maxNewTokens: config.maxPositions - 8,
    });
    return drawn.map((r) => `Once upon a time ${textOf(tokenizer, r.ids)}`);
  });
  const checks = dreams.map(checkStory);
  const rules = Object.keys(checks[0]) as (keyof StoryCheck)[];
  const kept = rules.map(
    (rule) => `${rule} ${share(checks.filter((c) => c[rule]).length, count).value.toFixed(2)}`,
  );
  card.notes.push({
    title: 'Dreams of the pretrained model, temperature 1',
    lines: [
      `${checks.filter(isCoherent).length} of ${count} pass every rule of the reader; by rule: ${kept.join(', ')}`,
      '',
      ...dreams.slice(0, 3),
    ],
  });
  await writeCard(speedrun);
}
