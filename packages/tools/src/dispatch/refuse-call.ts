// Calls that must not reach the driver, and what the model is told instead: unknown tools, invalid or repaired arguments, repetitions, spent budgets.
import { checkSchema } from '../check-schema.ts';
import type { JsonSchema } from '../formats/tool-signature.ts';
import type { Json } from '../json.ts';
import type { ToolContract } from './dispatch-events.ts';
import type { Limits } from './limits.ts';
import type { Call, Outcome } from './outcome.ts';

/** What a refusal depends on. */
export interface CallCounts {
  /** How often this very call was made in a row, this time included. */
  readonly repeated: number;
  /** Calls of this tool that were let through before. */
  readonly usedOfTool: number;
  /** Calls of this step before this one. */
  readonly inStep: number;
  readonly lastStep: boolean;
}

/** The outcome of a call that is refused, or undefined. Names are looked up exactly: `__proto__` is no tool. */
export function refuseCall(
  call: Call,
  tools: ReadonlyMap<string, ToolContract>,
  limits: Limits,
  counts: CallCounts,
  allowRepairedEffects: boolean,
): Outcome | undefined {
  const tool = tools.get(call.name);
  if (tool === undefined) {
    const names = [...tools.keys()].slice(0, 20).join(', ');
    return {
      status: 'unknown-tool',
      text: `There is no tool ${JSON.stringify(call.name.slice(0, 64))}. Tools: ${names || 'none'}.`,
    };
  }
  const errors = checkSchema(call.arguments as Json, tool.parameters as JsonSchema);
  if (errors.length > 0) return { status: 'invalid', text: `${errors.join('; ')}. Write the call again.` };
  const effects = tool.effects === 'write' || tool.effects === 'external';
  if (call.repairs.length > 0 && effects && !allowRepairedEffects)
    return {
      status: 'malformed',
      text: `The arguments had to be repaired (${call.repairs.join(', ')}); write the call again as valid JSON.`,
    };
  if (counts.repeated >= limits.repeats)
    return {
      status: 'duplicate',
      text: `The same call was made ${counts.repeated} times in a row; use its result.`,
    };
  const over = (text: string): Outcome => ({ status: 'over-budget', text });
  if (counts.lastStep) return over('No more tool calls are possible in this run. Answer now.');
  if (counts.inStep >= limits.callsPerStep) return over(`At most ${limits.callsPerStep} calls at once.`);
  if (call.index >= limits.calls) return over(`At most ${limits.calls} calls in a run.`);
  if (counts.usedOfTool >= limits.callsPerTool)
    return over(`At most ${limits.callsPerTool} calls of ${call.name} in a run.`);
  return undefined;
}
