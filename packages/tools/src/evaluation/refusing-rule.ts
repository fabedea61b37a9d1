// Which rule refused a call, by what its outcome says.
import type { Outcome } from '../dispatch/outcome.ts';

/** The rule that denied a call, the status of another refusal, or undefined for a call that ran. */
export function refusingRule(outcome: Outcome): string | undefined {
  if (outcome.status === 'ok') return undefined;
  if (outcome.status !== 'denied') return outcome.status;
  return /\((\w[\w-]*)\)/.exec(outcome.text)?.[1] ?? 'denied';
}
