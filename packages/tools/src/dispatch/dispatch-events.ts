// What goes into the dispatcher and what comes out of it, as data.
import type { ToolFormat } from '../formats/format.ts';
import type { EndReason } from '../formats/parse-event.ts';
import type { ToolSignature } from '../formats/tool-signature.ts';
import type { Label } from '../label.ts';
import type { Effects } from '../tool.ts';
import type { Limits } from './limits.ts';
import type { Call, Outcome } from './outcome.ts';

/** Why a run ended. */
export type FinishReason =
  | 'stop'
  | 'length'
  | 'abort'
  | 'error'
  | 'steps'
  | 'calls'
  | 'sampled-tokens'
  | 'forced-tokens'
  | 'time'
  | 'loop'
  | 'retries';

/** What the machine says. `seq` numbers the events of a run. */
export type DispatchEvent = { readonly seq: number } & (
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'think'; readonly text: string }
  | { readonly type: 'call.open'; readonly region: number; readonly name?: string }
  | { readonly type: 'call.args'; readonly region: number; readonly text: string }
  | {
      readonly type: 'call.incomplete';
      readonly region: number;
      readonly name?: string;
      readonly raw: string;
    }
  | { readonly type: 'call.ready'; readonly call: Call }
  | { readonly type: 'call.start'; readonly callId: string }
  | { readonly type: 'call.progress'; readonly callId: string; readonly note: string }
  | { readonly type: 'call.result'; readonly call: Call; readonly outcome: Outcome }
  | { readonly type: 'guard'; readonly what: string; readonly detail: string; readonly callId?: string }
  | {
      readonly type: 'splice';
      readonly text: string;
      readonly mode: 'inline' | 'turn';
      readonly results: readonly SplicedResult[];
    }
  | { readonly type: 'budget'; readonly limit: FinishReason; readonly detail: string }
  | { readonly type: 'finish'; readonly reason: FinishReason }
);
/** One result as it goes back to the model: neutralised, bounded. */
export interface SplicedResult {
  readonly call: Call;
  readonly status: Outcome['status'];
  readonly text: string;
  readonly label: Label;
}

/** The contract of a tool, as far as the machine needs it. */
export interface ToolContract extends ToolSignature {
  readonly effects: Effects;
}

/** What came in: the journal of a run, and its snapshot. */
export type DispatchInput =
  | { readonly input: 'push'; readonly text: string; readonly tokens: number; readonly special?: boolean }
  | { readonly input: 'think'; readonly text: string }
  | { readonly input: 'call'; readonly name: string; readonly arguments: string; readonly id?: string }
  | { readonly input: 'end'; readonly reason: EndReason }
  | { readonly input: 'start'; readonly callId: string }
  | { readonly input: 'outcome'; readonly callId: string; readonly outcome: Outcome }
  | { readonly input: 'forced'; readonly tokens: number }
  | { readonly input: 'resume'; readonly promptTail: string }
  | { readonly input: 'expire'; readonly reason: FinishReason };

/** Options of {@link DispatchMachine}: data only, so that a run can be replayed elsewhere. */
export interface DispatchOptions {
  readonly format: string | ToolFormat;
  readonly tools: readonly ToolContract[];
  readonly limits?: Partial<Limits>;
  readonly promptTail?: string;
  readonly specialMarks?: readonly string[];
  /** Special tokens of the tokenizer as text; broken in results. */
  readonly specialTokens?: readonly string[];
  /** Calls repaired from malformed JSON may run tools that write or reach out. Off: they are answered with an error. */
  readonly allowRepairedEffects?: boolean;
}

/** An event before it has its number. */
export type Unsequenced = DispatchEvent extends infer E
  ? E extends { readonly seq: number }
    ? Omit<E, 'seq'>
    : never
  : never;
