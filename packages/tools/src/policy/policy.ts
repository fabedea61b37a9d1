// May this call run? A policy is a list of pure rules; each may allow, ask, deny or rewrite, and says why. Precedence is fixed: deny over ask over
// rewrite over allow. Where no rule speaks, tools that only compute or read run, and tools that write or reach out ask; without anybody to ask,
// that is a refusal. A rule that throws, or answers anything but a verdict, is a refusal too.
import type { Call } from '../dispatch/outcome.ts';
import { isObject, type JsonObject } from '../json.ts';
import type { Label } from '../label.ts';
import type { AnyTool } from '../tool.ts';

/** What a run has read so far; bits are only ever set. */
export interface Seen {
  readonly private: boolean;
  readonly untrusted: boolean;
  /** The joined provenance of everything in the context. */
  readonly label: Label;
}
/** What a rule may look at. */
export interface PolicyContext {
  readonly tool: AnyTool;
  readonly seen: Seen;
  /** What system, developer and user wrote: arguments found in it are the user's own. */
  readonly trustedText: string;
  /** URLs that the user typed, and URLs that results showed. */
  readonly userLinks: ReadonlySet<string>;
  readonly shownLinks: ReadonlySet<string>;
}
/** A rule's answer. */
export type Verdict =
  | { readonly decision: 'allow' | 'ask' | 'deny'; readonly rule: string; readonly reason: string }
  | {
      readonly decision: 'rewrite';
      readonly rule: string;
      readonly reason: string;
      readonly arguments: JsonObject;
    };
/** One rule; undefined when it has nothing to say. */
export type Policy = (call: Call, context: PolicyContext) => Verdict | undefined;

const rank = { allow: 0, rewrite: 1, ask: 2, deny: 3 } as const;

const isVerdict = (given: unknown): given is Verdict =>
  isObject(given) &&
  Object.hasOwn(rank, String(given['decision'])) &&
  (given['decision'] !== 'rewrite' || isObject(given['arguments']));

/**
 * Decides by all rules: the strictest answer, the first of equals.
 */
export function decide(rules: readonly Policy[], call: Call, context: PolicyContext): Verdict {
  let strictest: Verdict | undefined;
  for (const rule of rules) {
    let verdict: Verdict | undefined;
    try {
      verdict = rule(call, context);
      // A promise, a misspelled decision, a rewrite of nothing: no answer that could allow anything.
      if (verdict !== undefined && !isVerdict(verdict))
        verdict = { decision: 'deny', rule: 'policy', reason: 'a policy rule gave no verdict' };
    } catch {
      verdict = { decision: 'deny', rule: 'policy', reason: 'a policy rule failed' };
    }
    if (verdict && (strictest === undefined || rank[verdict.decision] > rank[strictest.decision]))
      strictest = verdict;
  }
  if (strictest) return strictest;
  const { effects } = context.tool;
  if (effects === 'none' || effects === 'read')
    return { decision: 'allow', rule: 'default', reason: `effects: ${effects}` };
  return { decision: 'ask', rule: 'default', reason: `effects: ${effects}` };
}
