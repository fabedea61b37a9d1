// One row of logits -> one step: the drawn id, its log-probability, the text that became certain, and whether the sequence ends here. Shared by `generate` and
// the scheduler, so that a request has the same steps in both.
import type { FinishReason, GenerateStep } from './generate.ts';
import { logSumExp, topLogprobs } from './logprobs.ts';
import type { Limits } from './read-prompts.ts';
import type { LaneDraw } from './step-lanes.ts';
import type { TextStream } from './stream-text.ts';
import type { TokenSampler } from './token-seams.ts';

/** What a draw needs of a lane. */
export interface DrawnLane {
  readonly number: number;
  readonly text: TextStream | undefined;
  made: number;
}

/** Draws one id, counts it and says what becomes of it. */
export function drawStep(lane: DrawnLane, { row, length, choose }: LaneDraw, limits: Limits): GenerateStep {
  const { logprobs } = limits;
  checkNumbers(row);
  // Before the sampler, which may write into the row.
  const top = logprobs === undefined || logprobs === 0 ? undefined : topLogprobs(row, logprobs);
  const normaliser = logprobs === undefined ? 0 : logSumExp(row);
  const raw = logprobs === undefined ? undefined : row.slice();
  const drawn = choose();
  const { id } = drawn;
  const logprob = raw === undefined ? drawn.logprob : raw[id] - normaliser;
  return settle(lane, id, { logprob, topLogprobs: top }, length, limits);
}

/**
 * The steps of ids that the sampler says must come next (`jumpAhead`); `length` ids stand before them. None when log-probabilities are wanted: they would need
 * the logits of every place.
 */
export function forcedSteps(
  lane: DrawnLane,
  sampler: TokenSampler,
  length: number,
  limits: Limits,
): GenerateStep[] {
  if (sampler.jumpAhead === undefined || limits.logprobs !== undefined) return [];
  const room = Math.min(limits.maxNewTokens - lane.made, limits.end - length + 1);
  if (room <= 0) return [];
  const steps: GenerateStep[] = [];
  for (const id of sampler.jumpAhead(Math.min(room, Number.MAX_SAFE_INTEGER))) {
    steps.push(settle(lane, id, {}, length + steps.length, limits));
    if (steps[steps.length - 1].finishReason !== undefined) break;
  }
  return steps;
}

/** Counts an id and says what becomes of it. */
function settle(
  lane: DrawnLane,
  id: number,
  probabilities: Pick<GenerateStep, 'logprob' | 'topLogprobs'>,
  length: number,
  { end, stopIds, codec, maxNewTokens }: Limits,
): GenerateStep {
  const index = lane.made++;
  const isStop = stopIds.has(id);

  let text = '';
  let finishReason: FinishReason | undefined;
  if (isStop) finishReason = 'eos';
  else if (lane.text !== undefined && !codec?.specialIds?.has(id)) {
    const pushed = lane.text.push(codec?.tokenBytes(id) ?? new Uint8Array());
    text = pushed.text;
    if (pushed.stopped) finishReason = 'stop';
  }
  if (finishReason === undefined) {
    if (lane.made >= maxNewTokens) finishReason = 'length';
    else if (length >= end) finishReason = 'context';
  }
  if (finishReason !== undefined && finishReason !== 'stop') text += lane.text?.end() ?? '';
  return { id, text, index, sequence: lane.number, ...probabilities, finishReason };
}

/** A plain loop: this runs over the whole vocabulary for every token. */
function checkNumbers(row: Float32Array): void {
  for (let id = 0; id < row.length; id++) {
    if (Number.isNaN(row[id])) throw new RangeError(`logits: expected numbers, got NaN for id ${id}`);
  }
}
