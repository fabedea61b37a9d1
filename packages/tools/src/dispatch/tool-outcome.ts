// What a tool answered -> the outcome of its call: text cut to its budget, a value for code, a label that is at least as strict as the tool's.
import { type Json, writeJson } from '../json.ts';
import { joinLabels, type Label } from '../label.ts';
import { urlsIn } from '../policy/urls.ts';
import type { AnyTool, ToolAnswer, ToolResult } from '../tool.ts';
import type { Call, Outcome } from './outcome.ts';
import { truncateJson } from './truncate-json.ts';
import { type ResultStore, truncateResult } from './truncate-result.ts';

/** A tool's label joined with what it says of this answer: only ever stricter. */
export function labelOf(tool: AnyTool, call: Call, own?: Partial<Label>): Label {
  const base: Label = { trust: 'tool', source: tool.name, ...tool.result };
  const joined = own === undefined ? base : joinLabels([base, { ...base, ...own }]);
  return { ...joined, callId: call.id };
}

/** The outcome of an answer, and the URLs it showed. */
export function toolOutcome(
  tool: AnyTool,
  call: Call,
  answer: ToolAnswer,
  options: {
    readonly maxTokens: number;
    readonly count: (text: string) => number;
    readonly store: ResultStore;
  },
): { readonly outcome: Outcome; readonly links: readonly string[] } {
  const rich: ToolResult | undefined =
    typeof answer === 'object' && answer !== null && (answer as { kind?: unknown }).kind === 'tool-result'
      ? (answer as ToolResult)
      : undefined;
  const label = labelOf(tool, call, rich?.label);
  let text: string;
  try {
    text = rich ? rich.text : typeof answer === 'string' ? answer : writeJson((answer ?? '') as Json);
    // A model that is shown nothing makes a result up (rule 19).
    if (/^\s*(?:"")?\s*$/.test(text)) text = '(no output)';
  } catch {
    return {
      outcome: { status: 'error', text: 'The tool answered something that is no JSON.', label },
      links: [],
    };
  }
  const handle = `r${call.index}`;
  const most = Math.min(tool.maxResultTokens ?? Number.POSITIVE_INFINITY, options.maxTokens);
  const structured = rich === undefined && typeof answer === 'object' && answer !== null;
  const shown = structured
    ? truncateJson(answer as Json, most, handle, options.count)
    : truncateResult(text, most, handle, options.count);
  if (shown.cut) options.store.set(handle, text);
  const value = rich ? rich.value : typeof answer === 'string' ? undefined : (answer as Json);
  return {
    outcome: {
      status: rich?.isError ? 'error' : 'ok',
      text: shown.text,
      label,
      ...(value === undefined ? {} : { value }),
      ...(shown.cut ? { handle } : {}),
    },
    links: [...urlsIn(text), ...(rich?.links ?? [])],
  };
}
