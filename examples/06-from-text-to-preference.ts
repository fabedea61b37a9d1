// A taste, taught by comparisons. The embedded model opens stories; a rater who likes the water looks at two openings of one prompt at a time; a low-rank adapter learns from the votes
// by DPO, the base stays as it is; and the two meet on prompts that neither the rater nor the adapter has seen. The whole story, from raw text on, is examples/speedrun.
import {
  adamw,
  chooseBackend,
  cosineSchedule,
  disposeTrainState,
  initLora,
  initTrainState,
  loadModel,
  loraConfig,
  sourceOf,
  train,
  withLora,
} from '@ashlar/core';
import {
  dpoLoss,
  leaderboard,
  pairBatch,
  preferenceObjective,
  type Rollout,
  rollouts,
  type Vote,
  withReference,
} from '@ashlar/rlhf';
import { createRandom } from '@ashlar/sampling';
import { loadTokenizer } from '@ashlar/tokenizer';

await chooseBackend('auto');
const model = await loadModel(new URL('../models/stories', import.meta.url).pathname, {
  executor: 'composite',
  cache: { cacheTokens: 8192 },
});
const tokenizer = await loadTokenizer(model.assets);
const random = createRandom(6);

const likesWater = (text: string): boolean => /\b(sea|beach|lake|river|pond|boat|stream|shore)\b/.test(text);
const open = (kinds: readonly string[], round: number): Promise<Rollout[]> =>
  rollouts(
    model,
    kinds.map((kind) => tokenizer.encode(`Once upon a time there was a young ${kind}`)),
    { groupSize: 8, maxNewTokens: 44, random, round },
  );
const textOf = ({ ids }: Rollout): string =>
  tokenizer.decode(ids.filter((id) => !model.eosTokenIds.includes(id)));

// Comparisons: of two openings of the same prompt, the one by the water wins; two of a kind are no comparison.
const drawn = await open(['fox', 'robot', 'mouse', 'child', 'rabbit', 'puppy', 'girl', 'kitten'], 0);
const rowOf = ({ promptIds, ids }: Rollout) => ({
  ids: [...promptIds, ...ids],
  mask: [...promptIds.map(() => 0), ...ids.map(() => 1)],
});
const pairs = drawn.flatMap((a, i) =>
  drawn
    .slice(i + 1)
    .filter((b) => b.prompt === a.prompt && likesWater(textOf(a)) !== likesWater(textOf(b)))
    .map((b) => (likesWater(textOf(a)) ? [a, b] : [b, a]))
    .map(([chosen, rejected]) => ({ chosen: rowOf(chosen), rejected: rowOf(rejected) })),
);
console.log(
  `${drawn.length} openings, ${pairs.length} comparisons, ${drawn.filter((r) => likesWater(textOf(r))).length} by the water`,
);

// DPO on a low-rank adapter: the policy is base + adapter, the reference is the base.
const known = await withReference(model.config, model.parameters, pairs);
const lora = loraConfig(model.config, { rank: 8, alpha: 16 });
const optimizer = adamw({ weightDecay: 0 });
const steps = 18;
const state = await train(initTrainState(initLora(model.config, lora, random), optimizer), {
  objective: preferenceObjective(model.config, (pair) => dpoLoss(pair, { beta: 0.1 }), {
    view: (adapter) => withLora(sourceOf(model.parameters), adapter, lora),
  }),
  optimizer,
  steps,
  schedule: cosineSchedule({ peak: 2e-3, warmupSteps: 2, totalSteps: steps }),
  batchAt: (step) =>
    pairBatch(Array.from({ length: 8 }, (_, i) => known[((step * 8 + i) * 7) % known.length])),
  onStep: ({ step, loss }) => void (step % 6 === 0 && console.log(`step ${step}: loss ${loss.toFixed(3)}`)),
});

const fresh = ['cat', 'dog', 'pony', 'lamb', 'panda', 'wolf', 'boy', 'raccoon'];
const before = await open(fresh, 1);
model.useAdapter({ tensors: state.parameters, lora });
const after = await open(fresh, 2);
const share = (list: readonly Rollout[]): number =>
  list.filter((r) => likesWater(textOf(r))).length / list.length;
const votes = before.map((r, i): Vote => {
  const [a, b] = [likesWater(textOf(after[i])), likesWater(textOf(r))];
  return { modelA: 'tuned', modelB: 'base', winner: a === b ? 'tie' : a ? 'a' : 'b' };
});
console.log(`by the water on fresh prompts: ${share(before)} before, ${share(after)} after`);
console.log(`one of them:${textOf(after.find((r) => likesWater(textOf(r))) ?? after[0])}...`);
for (const { model: name, rank, rating, lower, upper } of leaderboard(votes))
  console.log(`${rank}. ${name.padEnd(6)} ${rating.toFixed(0)} (${lower.toFixed(0)} to ${upper.toFixed(0)})`);
disposeTrainState(state);
model.dispose();
console.log(share(after) > share(before) ? 'it has learnt the taste' : 'it has not learnt the taste');
// last line: it has learnt the taste
