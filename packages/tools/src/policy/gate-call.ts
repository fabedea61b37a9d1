// From a call to a decision: the rules, a rewrite judged again, an approval bound to exactly this call. Everything that is not a clear yes is a no.
import type { Call, Outcome } from '../dispatch/outcome.ts';
import type { JsonObject } from '../json.ts';
import { type Decision, isApproved, makePending, type Pending } from './approval.ts';
import { decide, type Policy, type PolicyContext, type Verdict } from './policy.ts';

/** What a gate needs beside the call. */
export interface GateOptions {
  readonly policy: readonly Policy[];
  readonly runId: string;
  readonly approve?: ((pending: Pending) => Promise<Decision | 'later'> | Decision | 'later') | undefined;
  readonly approvalSecret?: string | undefined;
}
/** A decision: run with these arguments, this outcome instead, or wait for a person. */
export type Gated = { readonly verdict: Verdict } & (
  | { readonly arguments: JsonObject }
  | { readonly outcome: Outcome }
  | { readonly pending: Pending }
);

/** Decides on one call. */
export async function gateCall(call: Call, context: PolicyContext, options: GateOptions): Promise<Gated> {
  const { policy, runId, approve, approvalSecret } = options;
  let args = call.arguments as JsonObject;
  const verdict = decide(policy, call, context);
  let last = verdict;
  if (verdict.decision === 'rewrite') {
    args = verdict.arguments;
    // What a rewrite made is judged again; a second rewrite is not followed.
    const again = decide(policy, { ...call, arguments: args }, context);
    if (again.decision !== 'rewrite') last = again;
  }
  const denied = (text: string): Gated => ({ verdict, outcome: { status: 'denied', text } });
  if (last.decision === 'deny') return denied(`${last.reason} (${last.rule})`);
  if (last.decision !== 'ask') return { verdict, arguments: args };
  const asked: Call = { ...call, arguments: args };
  const pending = await makePending(runId, asked, context.tool, last, approvalSecret);
  let decision: Decision | 'later' | undefined;
  try {
    decision = await approve?.(pending);
  } catch {
    decision = undefined;
  }
  if (decision === 'later') return { verdict, pending };
  if (await isApproved(decision, runId, asked, context.tool, approvalSecret))
    return { verdict, arguments: args };
  const who = approve === undefined ? 'nobody is here to approve it' : (decision?.reason ?? 'not approved');
  return denied(`${last.reason} (${last.rule}): ${who}`);
}
