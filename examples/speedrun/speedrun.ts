// From raw text to a preferred assistant, in one command and in minutes: `node --conditions=@ashlar/source --import tsx examples/speedrun/speedrun.ts [--setting tiny] [--out FOLDER] [--backend simd] [--seed 1]`.
// Every stage leaves its result in the folder and is not done twice; card.html is written after each.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  type BackendName,
  chooseBackend,
  constantSchedule,
  disposeTrainState,
  initParameters,
  initTrainState,
  languageModelObjective,
  type TokenRow,
  tokensInMemory,
  tokenWindows,
} from '@ashlar/core';
import {
  bradleyTerryRatings,
  dpoLoss,
  type EncodedPair,
  fitScalingLaw,
  leaderboard,
  pairBatch,
  preferenceObjective,
  rewardModelParameters,
  rewardObjective,
  scoreRows,
  trainingFlopsPerToken,
  trainPolicy,
  type Vote,
  withReference,
} from '@ashlar/rlhf';
import { createRandom } from '@ashlar/sampling';
import * as tf from '@tensorflow/tfjs-core';
import { checkStory } from '../story-world/check-story.ts';
import { storyOf } from '../story-world/story-of.ts';
import { type Card, renderCard } from './card.ts';
import { drawnAnswers, longestAnswer, modelOf, scoreModel, share, wordsOf } from './evaluate.ts';
import { calculate, calculatorPage, judge, type Question, questionOf } from './questions.ts';
import { openRun } from './run-folder.ts';
import { settings } from './settings.ts';
import { answerBatches, configOf, optimizer, pretrainingBatches, trainStage } from './stages.ts';
import { loadWordTokenizer, trainWordTokenizer } from './word-tokenizer.ts';

const { values } = parseArgs({
  options: {
    setting: { type: 'string', default: 'tiny' },
    out: { type: 'string', default: '' },
    backend: { type: 'string', default: 'simd' },
    seed: { type: 'string', default: '1' },
  },
});
const name = values.setting as keyof typeof settings;
const setting = settings[name];
if (setting === undefined)
  throw new RangeError(`--setting: expected tiny, small or large, got ${values.setting}`);
const started = performance.now();
const { device } = await chooseBackend(values.backend as BackendName);
const random = createRandom(Number(values.seed));
const run = await openRun(values.out === '' ? join('speedrun-out', name) : values.out);
const card: Card = {
  setting: name,
  facts: { backend: `${values.backend} (${device})`, seed: values.seed },
  scores: {},
  curves: {},
  notes: [],
  boards: [],
};
const writeCard = () => run.write('card.html', renderCard(card));
const testQuestions = Array.from({ length: setting.evaluation }, (_, i) => questionOf(random, 2 * i + 1));

// 1. tokenizer
const corpus = Array.from({ length: setting.stories }, (_, i) => storyOf(random, i).text);
const pages = Array.from({ length: 400 }, (_, i) => questionOf(random, 2 * i)).flatMap((q) => [
  q.prompt,
  q.answer,
  q.webAnswer,
]);
const tokenizerJson = await run.stage('tokenizer', async () =>
  trainWordTokenizer([...corpus, ...pages, 'I do not know', 'CALCULATOR + = 0 1 2 3 4 5 6 7 8 9']),
);
const tokenizer = loadWordTokenizer(tokenizerJson);
const config = configOf(setting, tokenizer.vocabSize);
const tokens = Int32Array.from(corpus.flatMap((text) => [...tokenizer.encode(text), 1]));
card.facts['vocabulary'] = tokenizer.vocabSize;
card.facts['story tokens'] = tokens.length;

/** Trains a stage, scores it and puts it on the card. */
async function trained<B>(
  stage: string,
  task: Omit<Parameters<typeof trainStage<B>>[1], 'name'>,
  scored = true,
) {
  const result = await run.stage(stage, async () => {
    const { state, curve, tokensPerSecond } = await trainStage(run, { ...task, name: stage });
    await run.save(stage, state);
    const model = scored ? modelOf(config, state.parameters) : undefined;
    const scores = model === undefined ? undefined : await scoreModel(model, tokenizer, testQuestions);
    model?.dispose();
    disposeTrainState(state);
    return { curve, tokensPerSecond, scores };
  });
  card.curves[stage] = result.curve;
  card.facts[`${stage}, tokens a second`] = Math.round(result.tokensPerSecond);
  if (result.scores !== undefined) {
    card.scores[stage] = result.scores;
    const { knowable, madeUp, right } = result.scores;
    console.log(
      `  right ${(100 * knowable.value).toFixed(0)} %, sums ${(100 * right.sum.value).toFixed(0)} %, made up ${(100 * madeUp.value).toFixed(0)} %`,
    );
  }
  await writeCard();
  return result;
}

// 2. pretraining, 3. dreams
const windows = tokenWindows(tokensInMemory(tokens), { rows: setting.rows, length: setting.length, random });
await trained('pretraining', {
  start: async () => initParameters(config, random),
  objective: languageModelObjective(config),
  steps: setting.steps.pretrain,
  peak: 4e-3,
  batchAt: pretrainingBatches(setting, tokenizer, windows, random),
});
const dreams = await run.stage('dreams', async () => {
  const parameters = await run.parameters('pretraining');
  using model = modelOf(config, parameters);
  const question = { kind: 'who', prompt: 'Once upon a time', answer: '', webAnswer: '' } as const;
  const { drawn } = await drawnAnswers(model, tokenizer, [question], random, 4);
  tf.dispose([...parameters.values()]);
  return drawn.map((r) => `Once upon a time ${wordsOf(tokenizer, r.ids)} ...`);
});
card.notes.push({ title: 'Dreams of the pretrained model', lines: dreams });
card.facts['a true story passes the reader'] = String(Object.values(checkStory(corpus[0])).every(Boolean));

// 4. supervised fine-tuning, 5. the special word CALCULATOR
await trained('fine-tuning', {
  start: () => run.parameters('pretraining'),
  objective: languageModelObjective(config),
  steps: setting.steps.sft,
  peak: 3e-3,
  batchAt: answerBatches(setting, tokenizer, random, { from: 100_000 }),
});
await trained('calculator', {
  start: () => run.parameters('fine-tuning'),
  objective: languageModelObjective(config),
  steps: setting.steps.words,
  peak: 2e-3,
  batchAt: answerBatches(setting, tokenizer, random, { calculator: true, from: 200_000 }),
});

// 6. comparisons: answers of the model to new questions, judged by rule
interface Compared {
  readonly prompt: number[];
  readonly better: number[];
  readonly worse: number[];
}
const comparisons = await run.stage('comparisons', async () => {
  const parameters = await run.parameters('calculator');
  using model = modelOf(config, parameters);
  const questions = Array.from({ length: setting.comparisons }, (_, i) =>
    questionOf(random, 2 * (300_000 + i)),
  );
  const { drawn, texts } = await drawnAnswers(model, tokenizer, questions, random, 4);
  const pairs: Compared[] = [];
  for (let q = 0; q < questions.length; q++) {
    const group = drawn
      .map((r, i) => ({ r, score: judge(questions[q], texts[i]) }))
      .filter(({ r }) => r.prompt === q)
      .sort((a, b) => b.score - a.score);
    const [best, worst] = [group[0], group[group.length - 1]];
    if (best.score > worst.score)
      pairs.push({ prompt: [...best.r.promptIds], better: [...best.r.ids], worse: [...worst.r.ids] });
  }
  const ownPairs = pairs.length;
  // Where the model agrees with itself there is nothing to compare: the rule's own answer against one that was made up for another question.
  for (let i = 0; pairs.length < setting.comparisons; i++) {
    const [one, other] = [
      questionOf(random, 2 * (400_000 + 2 * i)),
      questionOf(random, 2 * (400_001 + 2 * i)),
    ];
    const wrong = one.kind === 'unknown' ? one.webAnswer : other.answer;
    const right = one.kind === 'sum' ? calculatorPage(one) : one.answer;
    if (judge(one, wrong) < 1)
      pairs.push({
        prompt: tokenizer.encode(one.prompt),
        better: [...tokenizer.encode(right), 1],
        worse: [...tokenizer.encode(wrong), 1],
      });
  }
  tf.dispose([...parameters.values()]);
  return { pairs, ownPairs };
});
card.facts['pairs, of them from the model itself'] = `${comparisons.pairs.length}, ${comparisons.ownPairs}`;
const encoded: EncodedPair[] = comparisons.pairs.map(({ prompt, better, worse }) => {
  const row = (answer: number[]): TokenRow => ({
    ids: [...prompt, ...answer],
    mask: [...prompt.map(() => 0), ...answer.map(() => 1)],
  });
  return { chosen: row(better), rejected: row(worse) };
});
const [trainPairs, heldOut] = [encoded.filter((_, i) => i % 5 !== 0), encoded.filter((_, i) => i % 5 === 0)];
const pairsAt = (pairs: readonly EncodedPair[]) => (index: number) =>
  pairBatch(
    Array.from({ length: Math.min(16, pairs.length) }, (_, i) => pairs[(index * 16 + i) % pairs.length]),
  );

// 7. reward model
await trained(
  'reward-model',
  {
    start: async () => rewardModelParameters(config, await run.parameters('calculator'), random),
    objective: rewardObjective(config, { centerRewardsCoefficient: 0.01 }),
    steps: setting.steps.reward,
    peak: 1e-3,
    batchAt: pairsAt(trainPairs),
  },
  false,
);
const reward = await run.parameters('reward-model');
const judged = await run.stage('reward-model-test', async () => {
  const [c, r] = [
    await scoreRows(
      config,
      reward,
      heldOut.map((p) => p.chosen),
    ),
    await scoreRows(
      config,
      reward,
      heldOut.map((p) => p.rejected),
    ),
  ];
  return share(c.filter((s, i) => s > r[i]).length, c.length);
});
card.facts['reward model right on held-out pairs'] =
  `${(100 * judged.value).toFixed(0)} % (${(100 * judged.low).toFixed(0)}-${(100 * judged.high).toFixed(0)})`;

// 8. DPO, 9. GRPO
await trained('dpo', {
  start: () => run.parameters('calculator'),
  // With the likelihood of the better answer added: DPO alone is content when both fall, and a copied number does not survive that.
  objective: preferenceObjective(config, (pair, likelihood) =>
    tf.add(dpoLoss(pair, { beta: 0.1 }), likelihood),
  ),
  steps: setting.steps.dpo,
  peak: 3e-4,
  batchAt: await (async () => {
    const reference = await run.parameters('calculator');
    const known = await withReference(config, reference, trainPairs, 16);
    tf.dispose([...reference.values()]);
    return pairsAt(known);
  })(),
});
const policy = await run.stage('grpo', async () => {
  const parameters = await run.parameters('dpo');
  const reference = await run.parameters('dpo');
  const model = modelOf(config, parameters);
  const curve: [number, number][] = [];
  const state = await trainPolicy(initTrainState(parameters, optimizer), {
    model,
    optimizer,
    // A small rate and a penalty to the policy it started from: Adam's first steps are of the rate's size however weak the signal is.
    schedule: constantSchedule({ peak: 5e-5, warmupSteps: 5 }),
    objective: { beta: 0.04 },
    advantage: 'mean-only',
    reference,
    rounds: setting.steps.grpo,
    groupSize: 8,
    maxNewTokens: longestAnswer,
    random,
    promptsAt: (round) =>
      Array.from({ length: 12 }, (_, i) => {
        const question = questionOf(random, 2 * (500_000 + round * 12 + i));
        return {
          ids: tokenizer.encode(question.prompt),
          reward: (ids) => {
            const text = wordsOf(tokenizer, [...ids]);
            // A CALCULATOR line is worth what the calculator says.
            return judge(question, question.kind === 'sum' ? (calculate(text) ?? text) : text);
          },
        };
      }),
    onRound: ({ round, reward: mean }) => {
      curve.push([round, mean]);
    },
  });
  await run.save('grpo', state);
  const scores = await scoreModel(model, tokenizer, testQuestions);
  disposeTrainState(state);
  tf.dispose([...reference.values()]);
  model.dispose();
  return { curve, scores };
});
card.scores['grpo'] = policy.scores;
card.curves['grpo: mean reward of a round'] = policy.curve;
await writeCard();

// 10. the stages against each other, on answers drawn at temperature 1
const board = await run.stage('leaderboard', async () => {
  const stages = ['pretraining', 'fine-tuning', 'calculator', 'dpo', 'grpo'];
  const questions = testQuestions.slice(0, Math.min(testQuestions.length, 96));
  const answers: { texts: string[]; scores: number[] }[] = [];
  for (const stage of stages) {
    const parameters = await run.parameters(stage);
    const model = modelOf(config, parameters);
    const { drawn, texts } = await drawnAnswers(model, tokenizer, questions, random);
    answers.push({
      texts,
      scores: await scoreRows(
        config,
        reward,
        drawn.map((r) => ({ ids: [...r.promptIds, ...r.ids] })),
      ),
    });
    model.dispose();
    tf.dispose([...parameters.values()]);
  }
  const votesBy = (score: (stage: number, q: number) => number): Vote[] =>
    stages.flatMap((modelA, a) =>
      stages.slice(a + 1).flatMap((modelB, offset) =>
        questions.map((_, q): Vote => {
          const [x, y] = [score(a, q), score(a + 1 + offset, q)];
          return { modelA, modelB, winner: x > y ? 'a' : x < y ? 'b' : 'tie' };
        }),
      ),
    );
  return {
    drawn: Object.fromEntries(
      stages.map((stage, s) => [
        stage,
        questions.reduce((sum, q, i) => sum + judge(q, answers[s].texts[i]), 0) / questions.length,
      ]),
    ),
    rule: votesBy((s, q) => judge(questions[q] as Question, answers[s].texts[q])),
    rewardModel: votesBy((s, q) => answers[s].scores[q]),
  };
});
for (const [stage, mean] of Object.entries(board.drawn))
  card.facts[`mean score of drawn answers, ${stage}`] = mean.toFixed(3);
for (const [title, votes] of [
  ['Stages by the rule', board.rule],
  ['Stages by the reward model', board.rewardModel],
] as const)
  card.boards.push({ title, rows: leaderboard(votes, { ridge: 0.01 }) });
card.facts['likelihood of the rule votes'] = bradleyTerryRatings(board.rule, {
  ridge: 0.01,
}).negativeLogLikelihood.toFixed(1);
await writeCard();

// 11. scaling: the same text, other sizes and budgets
const sweep = await run.stage('scaling', async () => {
  const runs: { parameters: number; tokens: number; loss: number; flops: number }[] = [];
  for (const hiddenSize of setting.sweep.sizes)
    for (const steps of setting.sweep.steps) {
      const shape = {
        numLayers: setting.numLayers,
        hiddenSize,
        intermediateSize: 2 * hiddenSize,
        length: setting.length,
      };
      const own = configOf(shape, tokenizer.vocabSize);
      const stage = `scaling-${hiddenSize}-${steps}`;
      const { state, curve } = await trainStage(run, {
        name: stage,
        start: async () => initParameters(own, random),
        objective: languageModelObjective(own),
        steps,
        peak: 4e-3,
        batchAt: windows,
      });
      const parameters = [...state.parameters.values()].reduce((n, t) => n + t.size, 0);
      disposeTrainState(state);
      const tail = curve.slice(-Math.max(3, Math.floor(steps / 10)));
      const trainedTokens = steps * setting.rows * setting.length;
      const flops =
        trainedTokens *
        trainingFlopsPerToken(
          { ...shape, numHeads: own.numHeads, vocabSize: tokenizer.vocabSize },
          setting.length,
        );
      runs.push({
        parameters,
        tokens: trainedTokens,
        loss: tail.reduce((a, [, l]) => a + l, 0) / tail.length,
        flops,
      });
    }
  return runs;
});
card.scaling = [...new Set(sweep.map((r) => r.parameters))].map((n) => ({
  label: `${(n / 1000).toFixed(0)}k`,
  points: sweep.filter((r) => r.parameters === n).map((r) => [Math.log10(r.flops), r.loss] as const),
}));
if (sweep.length >= 9) {
  const law = fitScalingLaw(sweep);
  card.notes.push({
    title: 'Scaling law of the sweep',
    lines: [
      `L = ${law.E.toFixed(2)} + ${law.A.toPrecision(3)} / N^${law.alpha.toFixed(2)} + ${law.B.toPrecision(3)} / D^${law.beta.toFixed(2)}, from ${sweep.length} tiny runs: a picture, not a forecast`,
    ],
  });
}
card.facts['seconds, this invocation'] = Math.round((performance.now() - started) / 1000);
await writeCard();
tf.dispose([...reward.values()]);
console.log('card.html written');
process.exit(0);
