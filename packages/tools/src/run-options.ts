// What a run is given, and what it comes to.
import type { DispatchEvent, FinishReason } from './dispatch/dispatch-events.ts';
import type { Journal } from './dispatch/journal.ts';
import type { Limits } from './dispatch/limits.ts';
import type { Call, Outcome } from './dispatch/outcome.ts';
import type { ResultStore } from './dispatch/truncate-result.ts';
import type { ChatMessage, Engine } from './engines/engine.ts';
import type { ToolFormat } from './formats/format.ts';
import type { Label } from './label.ts';
import type { Decision, Pending } from './policy/approval.ts';
import type { Policy, Seen } from './policy/policy.ts';
import type { AnyTool } from './tool.ts';

/** Options of {@link runTools}. */
export interface RunOptions {
  readonly engine: Engine;
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly AnyTool[];
  /** Wire format; default: the engine's. */
  readonly format?: string | ToolFormat;
  /** Rules, see `standardPolicy`; without rules, tools that write or reach out ask. */
  readonly policy?: readonly Policy[];
  /** Answers what a rule wants to ask: a decision made by `approve(pending)` or from `signDecision`; `later` suspends the run. Absent: refused. */
  readonly approve?: (pending: Pending) => Promise<Decision | 'later'> | Decision | 'later';
  /** Signs approvals; needed when they leave the process. */
  readonly approvalSecret?: string;
  readonly limits?: Partial<Limits>;
  readonly journal?: Journal;
  readonly store?: ResultStore;
  readonly signal?: AbortSignal;
  readonly runId?: string;
  readonly allowRepairedEffects?: boolean;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
}
/** What a run came to. */
export interface RunResult {
  /** All text that the model wrote outside calls and reasoning. */
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly { readonly call: Call; readonly outcome: Outcome }[];
  /** `pending`: calls wait for a decision; go on with the same journal. */
  readonly finish: FinishReason | 'pending';
  readonly pending: readonly Pending[];
  readonly messages: readonly ChatMessage[];
  readonly seen: Seen;
  readonly journal: Journal;
  /** The label of every position of the last turn's sequence, where the engine knows them (`inlineEngine({ labelledChat })`). */
  readonly labels?: readonly (Label | undefined)[];
}
/** A run: its events as they come, and what it came to. */
export interface ToolRun extends AsyncIterable<DispatchEvent> {
  readonly result: Promise<RunResult>;
}
