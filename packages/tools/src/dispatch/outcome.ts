// What came of a call. Every call gets exactly one outcome, whatever happened: an outcome is what the model sees, short, without stack traces.
// "unknown" is honest where an effect may have happened (a timeout or an abort in the middle of a write): never "cancelled" for those.
import type { Json } from '../json.ts';
import type { Label } from '../label.ts';

/** How a call ended. */
export type OutcomeStatus =
  | 'ok'
  | 'error'
  | 'invalid'
  | 'unknown-tool'
  | 'denied'
  | 'timeout'
  | 'cancelled'
  | 'unknown'
  | 'duplicate'
  | 'over-budget'
  | 'malformed';

/** The one result of a call. */
export interface Outcome {
  readonly status: OutcomeStatus;
  /** What the model sees (before it is neutralised and cut). */
  readonly text: string;
  readonly value?: Json;
  readonly label?: Label;
  /** Handle of the full text, when the model sees only a part. */
  readonly handle?: string;
}

/** A complete call, ready to be decided on. */
export interface Call {
  /** Unique in the conversation. */
  readonly id: string;
  readonly name: string;
  readonly arguments: { readonly [key: string]: Json };
  readonly repairs: readonly string[];
  /** Position among all calls of the run. */
  readonly index: number;
}

/** The text of an outcome as it stands in the prompt: failures say what they are. */
export function outcomeText(outcome: Outcome): string {
  return outcome.status === 'ok' ? outcome.text : `[${outcome.status}] ${outcome.text}`;
}
