// One row of logits -> one step: the drawn id, its log-probability, the text that became certain, and whether the sequence ends here. Shared by `generate` and
// the scheduler, so that a request has the same steps in both.
import type { FinishReason, GenerateStep } from './generate.ts';
import type { TopLogits } from './language-model.ts';
import { logSumExp, type TokenLogprob, topLogprobs } from './logprobs.ts';
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
export function drawStep(
  lane: DrawnLane,
  { logits, length, choose }: LaneDraw,
  limits: Limits,
): GenerateStep {
  const { logprobs } = limits;
  const of = logits instanceof Float32Array ? rowReport(logits, logprobs) : topReport(logits, logprobs);
  const drawn = choose();
  const logprob = logprobs === undefined ? drawn.logprob : of.logprob(drawn.id);
  return settle(lane, drawn.id, { logprob, topLogprobs: of.top }, length, limits);
}

/** What a step reports of its logits; read before the sampler, which may write into the row. */
interface Report {
  readonly top: readonly TokenLogprob[] | undefined;
  logprob(id: number): number;
}

function rowReport(row: Float32Array, logprobs: number | undefined): Report {
  checkNumbers(row);
  if (logprobs === undefined) return { top: undefined, logprob: () => Number.NaN };
  const normaliser = logSumExp(row);
  const raw = row.slice();
  return {
    top: logprobs === 0 ? undefined : topLogprobs(row, logprobs),
    logprob: (id) => raw[id] - normaliser,
  };
}

function topReport({ ids, logits, logSumExp: normaliser }: TopLogits, logprobs: number | undefined): Report {
  const at = (i: number): TokenLogprob => ({ id: ids[i], logprob: logits[i] - normaliser });
  return {
    top: logprobs ? Array.from({ length: Math.min(logprobs, ids.length) }, (_, i) => at(i)) : undefined,
    logprob(id) {
      const place = ids.indexOf(id);
      if (place < 0) throw new RangeError(`sampler: expected one of the largest logits' ids, got ${id}`);
      return at(place).logprob;
    },
  };
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
