// Outcomes as they go back to the model: neutralised for the active format, each with its label; and the text that is forced for all of them.
import type { ToolFormat } from '../formats/format.ts';
import { renderResults } from '../formats/render-calls.ts';
import { neutralise } from '../guards/neutralise.ts';
import type { SplicedResult } from './dispatch-events.ts';
import { type Call, type Outcome, outcomeText } from './outcome.ts';

/** Results in the order of their calls; `onGuard` hears what was taken out or broken. */
export function cleanResults(
  step: readonly { readonly call: Call; readonly outcome?: Outcome }[],
  options: {
    readonly format: ToolFormat;
    readonly toolNames: readonly string[];
    readonly specialTokens: readonly string[];
  },
  onGuard: (what: string, count: number, callId: string) => void,
): SplicedResult[] {
  return step.map(({ call, outcome }) => {
    const given = outcome as Outcome;
    const clean = neutralise(outcomeText(given), options);
    for (const [what, count] of Object.entries(clean.removed)) onGuard(what, count, call.id);
    return {
      call,
      status: given.status,
      text: clean.text,
      label: given.label ?? { trust: 'system', source: 'dispatcher', callId: call.id },
    };
  });
}

/** True when nothing of a step could be run because of how it was written. */
export function allUnreadable(results: readonly SplicedResult[]): boolean {
  return results.every(
    (r) => r.status === 'malformed' || r.status === 'invalid' || r.status === 'unknown-tool',
  );
}

/** The text to force. `last`: the model is told that no more calls are possible, rather than cut off (rule 23). */
export function spliceText(
  results: readonly SplicedResult[],
  format: ToolFormat,
  last: boolean,
): { readonly text: string; readonly results: readonly SplicedResult[] } {
  const told = last
    ? results.map((r, i) =>
        i === results.length - 1
          ? { ...r, text: `${r.text}\n[No more tool calls are possible. Answer now.]` }
          : r,
      )
    : results;
  const text = renderResults(
    told.map((r) => ({ name: r.call.name, text: r.text, id: r.call.id })),
    format,
  );
  return { text, results: told };
}
