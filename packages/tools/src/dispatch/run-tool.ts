// Runs one tool under its clock and an abort signal. Whatever the tool does (answers, throws, hangs, goes on after the end) there is one outcome, in
// time. Where an effect may have happened, it is "unknown", never "cancelled".
import type { AnyTool, ToolAnswer } from '../tool.ts';
import type { Limits } from './limits.ts';
import type { Call, Outcome } from './outcome.ts';
import { labelOf } from './tool-outcome.ts';

/** One run of a tool. */
export interface ToolRunRequest {
  readonly tool: AnyTool;
  readonly input: unknown;
  readonly call: Call;
  readonly idempotencyKey: string;
  readonly limits: Limits;
  /** When the whole run ends, on the clock `now`. */
  readonly deadline: number;
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly onProgress: (note: string) => void;
  readonly outcomeOf: (answer: ToolAnswer) => Outcome;
}

/** The one outcome of a run. Never rejects. */
export function runTool(request: ToolRunRequest): Promise<Outcome> {
  const { tool, call, limits, deadline, now, signal } = request;
  const harmless = tool.effects === 'none' || tool.effects === 'read';
  const controller = new AbortController();
  const soft = Math.min(tool.timeoutMs ?? limits.callTimeoutMs, limits.callMaxMs);
  return new Promise<Outcome>((resolve) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const began = now();
    const end = (outcome: Outcome, why?: string): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      if (why !== undefined) controller.abort(new Error(why));
      resolve(outcome);
    };
    const cut = (status: 'cancelled' | 'timeout', text: string): void =>
      end(
        harmless
          ? { status, text: `${text}.` }
          : { status: 'unknown', text: `${text}; it may have happened. Check before doing it again.` },
        status,
      );
    const onAbort = (): void => cut('cancelled', 'The run was stopped while the call ran');
    const arm = (): void => {
      clearTimeout(timer);
      const left = Math.max(0, Math.min(soft, limits.callMaxMs - (now() - began), deadline - now()));
      timer = setTimeout(() => cut('timeout', `No answer within ${Math.round(now() - began)} ms`), left);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    arm();
    const progress = (note = ''): void => {
      if (controller.signal.aborted) return;
      arm();
      request.onProgress(note.slice(0, 200));
    };
    Promise.resolve()
      .then(() =>
        tool.run(request.input, {
          signal: controller.signal,
          callId: call.id,
          idempotencyKey: request.idempotencyKey,
          progress,
        }),
      )
      .then(
        (answer) => end(request.outcomeOf(answer)),
        (error: unknown) => end({ status: 'error', text: errorText(error), label: labelOf(tool, call) }),
      );
  });
}

/** What a model may read of an error: its first line, no stack, at most 300 characters. */
function errorText(error: unknown): string {
  const text = error instanceof Error ? error.message : typeof error === 'string' ? error : 'the tool failed';
  return (text.split('\n')[0] ?? '').slice(0, 300) || 'the tool failed';
}
