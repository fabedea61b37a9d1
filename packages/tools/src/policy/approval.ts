// Approvals (rule 24): what is approved is one call of one run, with its arguments and the tool's contract, by hash; when it leaves the process it
// is signed. At resume everything is checked again, and anything missing or malformed is a refusal.
import type { Call } from '../dispatch/outcome.ts';
import { canonicalJson, isObject, type Json } from '../json.ts';
import { hmac, sha256, verifyHmac } from '../sha256.ts';
import { type AnyTool, fingerprintText } from '../tool.ts';

/** A call that waits for a person. */
export interface Pending {
  readonly runId: string;
  readonly call: Call;
  readonly rule: string;
  readonly reason: string;
  /** SHA-256 over run, call id, name, arguments and the tool's contract. */
  readonly hash: string;
  /** HMAC over the hash, when a secret is set. */
  readonly signature?: string;
}
/** A person's answer; it names what it answers. */
export interface Decision {
  readonly hash: string;
  readonly approved: boolean;
  readonly reason?: string;
  readonly signature?: string;
}

/** The hash that an approval is bound to. Edited arguments or a changed tool have another one. */
export function approvalHash(runId: string, call: Call, tool: AnyTool): Promise<string> {
  return sha256(canonicalJson([runId, call.id, call.name, call.arguments as Json, fingerprintText(tool)]));
}

/** Makes a pending approval; with a secret it is signed. */
export async function makePending(
  runId: string,
  call: Call,
  tool: AnyTool,
  why: { readonly rule: string; readonly reason: string },
  secret?: string,
): Promise<Pending> {
  const hash = await approvalHash(runId, call, tool);
  const signature = secret === undefined ? undefined : await hmac(secret, `pending:${hash}`);
  return {
    runId,
    call,
    rule: why.rule,
    reason: why.reason,
    hash,
    ...(signature === undefined ? {} : { signature }),
  };
}

/** Signs a decision on a pending call whose own signature holds. @throws Error for a forged or unsigned pending call. */
export async function signDecision(
  pending: Pending,
  approved: boolean,
  secret: string,
  reason?: string,
): Promise<Decision> {
  if (
    pending.signature === undefined ||
    !(await verifyHmac(secret, `pending:${pending.hash}`, pending.signature))
  )
    throw new Error('pending: the signature does not hold');
  return {
    hash: pending.hash,
    approved,
    ...(reason === undefined ? {} : { reason }),
    signature: await hmac(secret, `decision:${approved ? 'yes' : 'no'}:${pending.hash}`),
  };
}

/** True when `decision` approves exactly this call; with a secret only when its signature holds. Everything else is a refusal. */
export async function isApproved(
  decision: unknown,
  runId: string,
  call: Call,
  tool: AnyTool,
  secret?: string,
): Promise<boolean> {
  if (!isObject(decision) || decision['approved'] !== true || typeof decision['hash'] !== 'string')
    return false;
  if (decision['hash'] !== (await approvalHash(runId, call, tool))) return false;
  if (secret === undefined) return true;
  const signature = decision['signature'];
  return (
    typeof signature === 'string' && (await verifyHmac(secret, `decision:yes:${decision['hash']}`, signature))
  );
}
