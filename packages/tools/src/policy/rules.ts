// Rules that come with the package. Each is a few lines and explains itself; none looks at a model's opinion of its own text.
import { checkOptions } from '../check-options.ts';
import { isObject, type Json } from '../json.ts';
import type { Policy } from './policy.ts';
import { normaliseUrl, urlsIn } from './urls.ts';

/** Allows the named tools, whatever their effects (stricter rules still win). */
export function allowTools(...names: readonly string[]): Policy {
  return (call) =>
    names.includes(call.name)
      ? { decision: 'allow', rule: 'allow-tools', reason: `${call.name} is allowed` }
      : undefined;
}

/** Denies the named tools. */
export function denyTools(...names: readonly string[]): Policy {
  return (call) =>
    names.includes(call.name)
      ? { decision: 'deny', rule: 'deny-tools', reason: `${call.name} is not allowed here` }
      : undefined;
}

/**
 * The lethal trifecta (Willison 2025): private data seen, untrusted text seen, and now a call that talks to the outside. All three: ask or deny.
 */
export function trifectaGate(decision: 'ask' | 'deny' = 'ask'): Policy {
  return (_call, { tool, seen }) =>
    tool.effects === 'external' && seen.private && seen.untrusted
      ? {
          decision,
          rule: 'trifecta',
          reason:
            'private data and untrusted text were read; this call could carry the one out on behalf of the other',
        }
      : undefined;
}

/**
 * After untrusted text, an effect may use only values that the user gave: every text and number of the arguments must stand in what system,
 * developer or user wrote (CaMeL's question "where does this value come from", by containment). `free` names arguments that may hold anything.
 */
export function provenanceGate(
  options: { readonly decision?: 'ask' | 'deny'; readonly free?: readonly string[] } = {},
): Policy {
  checkOptions(options, ['decision', 'free'], 'provenanceGate');
  const { decision = 'ask', free = [] } = options;
  return (call, { tool, seen, trustedText }) => {
    if (!seen.untrusted || tool.effects === 'none' || tool.effects === 'read') return undefined;
    const trusted = fold(trustedText);
    const foreign = Object.entries(call.arguments)
      .filter(([key]) => !free.includes(key))
      .flatMap(([key, value]) => leaves(value).map((leaf) => [key, leaf] as const))
      .find(([, leaf]) => !trusted.includes(fold(leaf)));
    return foreign === undefined
      ? undefined
      : {
          decision,
          rule: 'provenance',
          reason: `${foreign[0]} = ${JSON.stringify(foreign[1].slice(0, 80))} was not given by the user, and untrusted text was read`,
        };
  };
}

/**
 * A URL that the model wrote is a message to whoever owns the host. URLs that the user typed or a result showed pass exactly as they were;
 * others need an allowed origin, and once untrusted text was read, no query, fragment or credentials of the model's own.
 */
export function egressRule(
  options: { readonly allowedOrigins?: readonly string[]; readonly decision?: 'ask' | 'deny' } = {},
): Policy {
  checkOptions(options, ['allowedOrigins', 'decision'], 'egressRule');
  const { allowedOrigins = [], decision = 'deny' } = options;
  return (call, { tool, seen, userLinks, shownLinks }) => {
    const given =
      tool.destinations?.(call.arguments) ??
      (tool.effects === 'external' ? leaves(call.arguments).flatMap(urlsIn) : []);
    for (const text of given) {
      const url = normaliseUrl(text);
      if (url === undefined) continue;
      if (userLinks.has(url)) continue;
      if (shownLinks.has(url) && !seen.private) continue;
      const parsed = new URL(url);
      const refuse = (reason: string) =>
        ({ decision, rule: 'egress', reason: `${parsed.origin}: ${reason}` }) as const;
      if (parsed.username !== '' || parsed.password !== '') return refuse('credentials in a URL');
      if (shownLinks.has(url)) return refuse('a page named this address after private data was read');
      if (!allowedOrigins.includes(parsed.origin))
        return refuse('the model wrote this address and its origin is not allowed');
      if (seen.untrusted && (parsed.search !== '' || parsed.hash !== ''))
        return refuse('a query of the model’s own after untrusted text was read');
    }
    return undefined;
  };
}

/** The rules that should be on for a model that reads what others wrote. */
export function standardPolicy(
  options: {
    readonly allowedOrigins?: readonly string[];
    readonly allow?: readonly string[];
    readonly free?: readonly string[];
  } = {},
): readonly Policy[] {
  checkOptions(options, ['allowedOrigins', 'allow', 'free'], 'standardPolicy');
  return [
    allowTools(...(options.allow ?? [])),
    provenanceGate({ free: options.free ?? [] }),
    trifectaGate(),
    egressRule({ allowedOrigins: options.allowedOrigins ?? [] }),
  ];
}

const fold = (text: string): string => text.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim();

/** The texts and numbers inside a value. */
export function leaves(value: Json | undefined): string[] {
  if (typeof value === 'string') return value.trim() === '' ? [] : [value];
  if (typeof value === 'number' || typeof value === 'bigint') return [String(value)];
  if (Array.isArray(value)) return value.flatMap(leaves);
  return isObject(value) ? Object.values(value).flatMap(leaves) : [];
}
