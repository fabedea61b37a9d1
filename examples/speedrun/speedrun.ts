// From raw text to a preferred assistant, in one command and in minutes: `node --conditions=@ashlar/source --import tsx examples/speedrun/speedrun.ts [--setting tiny] [--out FOLDER] [--backend simd] [--seed 1] [--questions test] [--until STAGE]`.
// `--questions dev` judges by the questions that settings are chosen by. Every stage leaves its result in the folder and is not done twice, a stage that was killed goes on in its middle; card.html is written after each.
import { join } from 'node:path';
import { type BackendName, chooseBackend, storedWeights, writeHuggingFace } from '@ashlar/core';
import { nodeOutputFolder } from '@ashlar/core/node';
import { createRandom } from '@ashlar/sampling';
import * as tf from '@tensorflow/tfjs-core';
import { readFlags } from '../read-flags.ts';
import type { Card } from './card.ts';
import { openRun } from './run-folder.ts';
import { tokenizerConfig } from './run-tokenizer.ts';
import { settings } from './settings.ts';
import {
  configOf,
  judgedQuestions,
  rawConfigOf,
  type Speedrun,
  shown,
  writeCard,
} from './speedrun-context.ts';
import { type Comparisons, comparisonsStage } from './stages/comparisons.ts';
import { fineTuningStage } from './stages/fine-tuning.ts';
import { dpoStage, grpoStage } from './stages/preference.ts';
import { dreamsStage, pretrainingBatches, pretrainingStage } from './stages/pretraining.ts';
import { leaderboardStage, scalingStage } from './stages/ranking.ts';
import { rewardStage } from './stages/reward.ts';
import { specialWordsStage } from './stages/special-words.ts';
import { tokenizerStage } from './stages/tokenizer.ts';

const values = readFlags(
  `node --conditions=@ashlar/source --import tsx examples/speedrun/speedrun.ts
  --setting NAME     of settings.ts; default tiny
  --out FOLDER       of the run; a run that is started again goes on in it
  --backend NAME     default simd
  --seed N           default 1
  --questions KIND   test, or dev: those that settings are chosen by; default test
  --until STAGE      the last stage; default scaling, all of them`,
  {
    setting: { type: 'string', default: 'tiny' },
    out: { type: 'string', default: '' },
    backend: { type: 'string', default: 'simd' },
    seed: { type: 'string', default: '1' },
    questions: { type: 'string', default: 'test' },
    until: { type: 'string', default: 'scaling' },
  },
);
const name = values.setting as keyof typeof settings;
const setting = settings[name];
if (setting === undefined)
  throw new RangeError(`--setting: expected ${Object.keys(settings).join(', ')}, got ${values.setting}`);
const seed = Number(values.seed);
if (!Number.isInteger(seed) || seed < 0)
  throw new RangeError(`--seed: expected an integer >= 0, got ${values.seed}`);
const split = values.questions;
if (split !== 'test' && split !== 'dev')
  throw new RangeError(`--questions: expected test or dev, got ${split}`);
const { device } = await chooseBackend(values.backend as BackendName);
const random = createRandom(seed);
const folder = values.out === '' ? join('speedrun-out', name) : values.out;
const run = await openRun(folder);
const card: Card = {
  setting: name,
  facts: { backend: `${values.backend} (${device})`, seed, questions: split },
  ...{ purposes: [], scores: {}, curves: {}, notes: [], boards: [] },
  seconds: run.seconds,
};

const { tokenizer, tokenizerJson, bytesPerToken } = await tokenizerStage(run, setting, random);
const rawConfig = rawConfigOf(setting, tokenizer.vocabSize);
const speedrun: Speedrun = {
  ...{ setting, random, run, card, tokenizer, split },
  config: configOf(setting, tokenizer.vocabSize),
  testQuestions: judgedQuestions({ random, split }, 0, setting.evaluation),
};
card.facts['vocabulary'] = tokenizer.vocabSize;
shown(speedrun, 'tokenizer', 'bytes a token of held-out stories', 1, bytesPerToken);
await writeCard(speedrun);

const batchAt = pretrainingBatches(speedrun);
let comparisons: Comparisons | undefined;
const compared = (): Comparisons => comparisons as Comparisons;
const stages: readonly (readonly [string, () => Promise<void>])[] = [
  ['pretraining', () => pretrainingStage(speedrun, batchAt)],
  ['dreams', () => dreamsStage(speedrun)],
  ['fine-tuning', () => fineTuningStage(speedrun)],
  [
    'comparisons',
    async () => {
      comparisons = await comparisonsStage(speedrun);
    },
  ],
  ['reward-model', () => rewardStage(speedrun, compared())],
  ['dpo', () => dpoStage(speedrun, compared())],
  ['grpo', () => grpoStage(speedrun)],
  ['special-words', () => specialWordsStage(speedrun)],
  ['leaderboard', () => leaderboardStage(speedrun)],
  ['scaling', () => scalingStage(speedrun, batchAt)],
];
const last = stages.findIndex(([stage]) => stage === values.until);
if (last < 0)
  throw new RangeError(
    `--until: expected one of ${stages.map(([stage]) => stage).join(', ')}, got ${values.until}`,
  );
for (const [, make] of stages.slice(0, last + 1)) await make();
if (last < stages.length - 1) {
  console.log(`stopped after ${values.until}, as asked`);
  process.exit(0);
}

// The last stage's model as a folder that `loadModel`, the demo and transformers read.
const files = new Map([
  ['tokenizer.json', JSON.stringify(tokenizerJson)],
  ['tokenizer_config.json', JSON.stringify(tokenizerConfig, null, 2)],
]);
const parameters = await run.parameters('special-words');
await writeHuggingFace(
  {
    config: rawConfig,
    weights: storedWeights(speedrun.config, parameters),
    assets: {
      file: async (file) => (files.has(file) ? new TextEncoder().encode(files.get(file)) : undefined),
    },
  },
  nodeOutputFolder(join(folder, 'model')),
  { dtype: 'F16' },
);
tf.dispose([...parameters.values()]);
console.log('card.html and model/ written');
process.exit(0);
