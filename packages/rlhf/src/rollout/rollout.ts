// Answers of a policy with the log-probabilities they were drawn with. The prompt is computed once and its cache forked for every answer of the group. Temperature 1 and the whole
// distribution: truncated sampling makes the KL negative (trl#235), so there is no option for it here.

import type { LanguageModel, Sequence } from '@ashlar/core';
import type { UniformSource } from '@ashlar/sampling';
import { checkOptions } from '../check-options.ts';

/** One answer. */
export interface Rollout {
  /** Index of its prompt. */
  readonly prompt: number;
  readonly promptIds: readonly number[];
  /** Drawn ids, with the end token when it was drawn. */
  readonly ids: readonly number[];
  /** log p of every drawn id under the policy that drew it, nats. */
  readonly logps: readonly number[];
  /** True when the end token was drawn; else the answer was cut at its longest. */
  readonly ended: boolean;
}

/** Options of {@link rollouts}. */
export interface RolloutOptions {
  /** Answers a prompt. */
  readonly groupSize: number;
  readonly maxNewTokens: number;
  readonly random: UniformSource;
  /** Distinguishes the rounds of a run in the random numbers' key; default 0. */
  readonly round?: number;
  /** Ids that end an answer; default the model's. */
  readonly stopIds?: readonly number[];
  readonly signal?: AbortSignal;
}

interface Lane<S> {
  readonly prompt: number;
  readonly number: number;
  readonly sequence: S;
  readonly ids: number[];
  readonly logps: number[];
  logits: Float32Array;
  ended: boolean;
}

/** `groupSize` answers to every prompt, in the order of the prompts; a function of the model, the prompts and the random source. */
export async function rollouts<S extends Sequence>(
  model: LanguageModel<S>,
  prompts: readonly (readonly number[])[],
  options: RolloutOptions,
): Promise<Rollout[]> {
  checkOptions(options, ['groupSize', 'maxNewTokens', 'random', 'round', 'stopIds', 'signal'], 'rollouts');
  const { groupSize, maxNewTokens, random, round = 0, signal } = options;
  const stop = new Set(options.stopIds ?? model.eosTokenIds);
  const roots: S[] = [];
  const lanes: Lane<S>[] = [];
  try {
    for (const ids of prompts) {
      const root = model.newSequence();
      roots.push(root);
      const [logits] = await model.step([{ sequence: root, ids }]);
      for (let g = 0; g < groupSize; g++)
        lanes.push({
          prompt: roots.length - 1,
          number: lanes.length,
          sequence: root.fork() as S,
          ids: [],
          logps: [],
          logits: logits.slice(),
          ended: false,
        });
    }
    let live = lanes;
    for (let t = 0; t < maxNewTokens && live.length > 0; t++) {
      signal?.throwIfAborted();
      for (const lane of live) {
        const { id, logp } = draw(lane.logits, random.uniform('rollout', t, lane.number, round));
        lane.ids.push(id);
        lane.logps.push(logp);
        lane.ended = stop.has(id);
      }
      live = live.filter((lane) => !lane.ended && lane.sequence.length + 1 < model.maxPositions);
      if (t + 1 === maxNewTokens || live.length === 0) break;
      const rows = await model.step(
        live.map((lane) => ({ sequence: lane.sequence, ids: lane.ids.slice(-1) })),
      );
      live.forEach((lane, i) => {
        lane.logits = rows[i];
      });
    }
  } finally {
    for (const lane of lanes) lane.sequence.dispose();
    for (const root of roots) root.dispose();
  }
  return lanes.map(({ prompt, ids, logps, ended }) => ({
    prompt,
    promptIds: prompts[prompt],
    ids,
    logps,
    ended,
  }));
}

/** The id at which the cumulative probability passes `u`, in float64, and its log-probability. */
function draw(logits: Float32Array, u: number): { id: number; logp: number } {
  let top = Number.NEGATIVE_INFINITY;
  for (const z of logits) if (z > top) top = z;
  let total = 0;
  for (const z of logits) total += Math.exp(z - top);
  let rest = u * total;
  let id = logits.length - 1;
  for (let i = 0; i < logits.length; i++) {
    rest -= Math.exp(logits[i] - top);
    if (rest < 0) {
      id = i;
      break;
    }
  }
  return { id, logp: logits[id] - top - Math.log(total) };
}
