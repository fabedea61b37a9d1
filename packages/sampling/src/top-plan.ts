// Which draws the largest logits of a row decide, so that the rest need not be read from a device: a top-k or an argmax, with
// nothing before it but steps that only lower logits one by one. Those run on a row of V places that holds the largest logits and
// -Infinity elsewhere, so that the arithmetic is that of the whole row to the last bit.
import type { Chain } from './chain.ts';
import type { Processor, StepContext } from './processor.ts';
import { loadCandidates, loadRow, type Row, slotOf } from './row.ts';

/** The largest logits of a row, likeliest first, the lower id first among equals. */
export interface TopLogits {
  readonly ids: Int32Array;
  readonly logits: Float32Array;
  /** ln sum exp over the whole row. */
  readonly logSumExp: number;
}

/** How a chain is drawn from the largest logits alone. */
export interface TopPlan {
  /** Steps that only lower logits; they come first. */
  readonly lowering: readonly Processor[];
  /** Behind them the draw depends on the `k` largest logits, with `ties` also on what equals the k-th. */
  readonly k: number;
  readonly ties: boolean;
  /** True when the law of the draw is not known from these: an argmax without a top-k. */
  readonly lawless: boolean;
  /** How many of a row's largest logits are worth reading. */
  readonly needed: number;
}

/** Above this `topK` leaves its slots in another order, and a whole row is not much more to read. */
const mostNeeded = 512;

/** The plan of a chain that reports the `reported` likeliest tokens; undefined when a draw needs the whole row. */
export function topPlanOf({ schedule, draw }: Chain, reported: number): TopPlan | undefined {
  const first = schedule.findIndex((step) => step.onlyLowers !== true);
  const lowering = first < 0 ? schedule : schedule.slice(0, first);
  const keeps = first < 0 ? undefined : schedule[first].keepsTop;
  if (keeps === undefined && !(first < 0 && draw.name === 'greedy')) return undefined;
  const { k, ties } = keeps ?? { k: 1, ties: false };
  // Room for what penalties and constraints take away.
  const room = lowering.length > 0 ? k + 62 : ties ? 1 : 0;
  const needed = Math.max(k + room, reported);
  return needed > mostNeeded ? undefined : { lowering, k, ties, needed, lawless: keeps === undefined };
}

/**
 * Makes `row` what the lowering steps leave of a row of `scratch.length` logits with these largest ones; false when they do not
 * decide the draw. `scratch` is all -Infinity before; {@link clearTop} makes it so again.
 */
export function loadTop(
  { lowering, k, ties, needed }: TopPlan,
  { ids, logits }: TopLogits,
  scratch: Float32Array,
  row: Row,
  context: StepContext,
): boolean {
  const size = scratch.length;
  const n = ids.length;
  if (n < Math.min(needed, size) || !Number.isFinite(logits[0])) return false;
  if (lowering.length === 0) {
    if (ties && n > k && logits[k] === logits[k - 1] && logits[k] > -Infinity) return false;
    loadCandidates(row, ids.subarray(0, k), logits.subarray(0, k), size);
    row.sorted = true;
    return true;
  }
  for (let i = 0; i < n; i++) scratch[ids[i]] = logits[i];
  loadRow(row, scratch);
  for (const step of lowering) step.process(row, context);
  if (n === size) return true;
  // What was not read lies at or below the last logit, and cannot rise.
  let above = 0;
  for (let i = 0; i < n && above < k; i++) {
    const slot = slotOf(row, ids[i]);
    if (slot >= 0 && row.values[slot] > logits[n - 1]) above++;
  }
  return above >= k;
}

/** Empties the scratch row. */
export function clearTop({ ids }: TopLogits, scratch: Float32Array): void {
  for (let i = 0; i < ids.length; i++) scratch[ids[i]] = -Infinity;
}
