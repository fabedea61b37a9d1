// Draws docs/guides/pictures/training-curves.svg: a transformer and a character RNN of about equal size on the characters of the story world, through the same trainer.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  adamw,
  type BackendName,
  chooseBackend,
  cosineSchedule,
  disposeTrainState,
  initParameters,
  initRecurrentParameters,
  initTrainState,
  languageModelObjective,
  lineChart,
  type Objective,
  parseModelConfig,
  parseRnnConfig,
  recurrentObjective,
  type TokenBatch,
  type TrainState,
  tokensInMemory,
  tokenWindows,
  train,
} from '@ashlar/core';
import { createRandom } from '@ashlar/sampling';
import { storyOf } from '../examples/story-world/story-of.ts';

await chooseBackend((process.argv[2] ?? 'simd') as BackendName);
const steps = 120;
const random = createRandom(1);
const text = Array.from({ length: 60 }, (_, i) => storyOf(random, i).text).join('\n\n');
const alphabet = [...new Set(text)].sort();
const ids = Int32Array.from(text, (c) => alphabet.indexOf(c));
const optimizer = adamw({ weightDecay: 0.05 });

async function curve(
  state: TrainState,
  objective: Objective<TokenBatch>,
): Promise<(readonly [number, number])[]> {
  const points: [number, number][] = [];
  const end = await train(state, {
    objective,
    optimizer,
    schedule: cosineSchedule({ peak: 4e-3, warmupSteps: 10, totalSteps: steps }),
    steps,
    batchAt: tokenWindows(tokensInMemory(ids), { rows: 12, length: 64, random }),
    onStep: ({ step, loss }) => void points.push([step, loss]),
  });
  disposeTrainState(end);
  return points;
}

const config = parseModelConfig({
  model_type: 'llama',
  vocab_size: alphabet.length,
  hidden_size: 48,
  intermediate_size: 96,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 4,
  max_position_embeddings: 64,
  rms_norm_eps: 1e-5,
  tie_word_embeddings: true,
});
const rnn = parseRnnConfig({
  model_type: 'char-rnn',
  cell: 'gru',
  vocab_size: alphabet.length,
  embedding_size: 48,
  hidden_size: 72,
});
const series = [
  {
    label: 'transformer, 2 layers',
    points: await curve(
      initTrainState(initParameters(config, random), optimizer),
      languageModelObjective(config),
    ),
  },
  {
    label: 'gated RNN',
    points: await curve(
      initTrainState(initRecurrentParameters(rnn, random), optimizer),
      recurrentObjective(rnn),
    ),
  },
];
const folder = join(dirname(fileURLToPath(import.meta.url)), '../docs/guides/pictures');
mkdirSync(folder, { recursive: true });
writeFileSync(
  join(folder, 'training-curves.svg'),
  `${lineChart('Loss over steps', series, 'nats a character')}\n`,
);
console.log(series.map((s) => `${s.label}: ${s.points.at(-1)?.[1].toFixed(3)}`).join(', '));
process.exit(0);
