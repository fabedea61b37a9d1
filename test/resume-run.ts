// A small training run in a process of its own: resumes from CHECKPOINT when it is there, saves after every step, says each step on stdout, ends at STEPS. The test kills it.
import '@tensorflow/tfjs-backend-cpu';
import {
  adamw,
  cosineSchedule,
  initParameters,
  initTrainState,
  languageModelObjective,
  parseModelConfig,
  tokensInMemory,
  tokenWindows,
  train,
} from '@ashlar/core';
import { loadTrainState, saveTrainState } from '@ashlar/core/node';
import { createRandom } from '@ashlar/sampling';
import * as tf from '@tensorflow/tfjs-core';

const [checkpoint, steps] = process.argv.slice(2);
await tf.setBackend('cpu');
const config = parseModelConfig({
  model_type: 'llama',
  vocab_size: 32,
  hidden_size: 16,
  intermediate_size: 32,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 2,
  max_position_embeddings: 32,
  rms_norm_eps: 1e-6,
  tie_word_embeddings: true,
});
const random = createRandom(7);
const optimizer = adamw({ weightDecay: 0.1 });
const text = Int32Array.from({ length: 500 }, (_, i) => (i * 7 + (i >> 2)) % 32);
const loaded = await loadTrainState(checkpoint);
const start = loaded?.state ?? initTrainState(initParameters(config, random), optimizer);
await train(start, {
  objective: languageModelObjective(config),
  optimizer,
  schedule: cosineSchedule({ peak: 1e-2, totalSteps: Number(steps), warmupSteps: 3 }),
  steps: Number(steps),
  batchAt: tokenWindows(tokensInMemory(text), { rows: 2, length: 12, random }),
  save: { every: 1, run: (state) => saveTrainState(checkpoint, state) },
  onStep: ({ step, loss }) => {
    process.stdout.write(`${step} ${loss}\n`);
  },
});
