// Where a mark leads, which may depend on what was captured before it (harmony's headers, Functionary's recipients).
import type { Act, Mark } from './format.ts';

/** The state, what happens, and the name of the call where the mark or the header holds it. */
export interface Target {
  readonly to: string;
  readonly act: Act | undefined;
  readonly name: string | undefined;
}

/** The target of `mark`; `name`: what the mark itself captured. */
export function targetOf(mark: Mark, name: string | undefined, header: string): Target {
  const plain: Target = { to: mark.to, act: mark.act, name };
  if (mark.routes === undefined) return plain;
  const captured = name ?? header;
  const route = mark.routes.find(
    (r) =>
      (r.equals === undefined || r.equals === captured.trim()) &&
      (r.contains === undefined || captured.includes(r.contains)),
  );
  if (route === undefined) return plain;
  const named =
    route.nameAfter !== undefined
      ? new RegExp(`${escapeRegExp(route.nameAfter)}([^\\s<]+)`).exec(captured)?.[1]
      : route.nameIsCapture
        ? captured.trim()
        : undefined;
  return { to: route.to, act: route.act ?? mark.act, name: named };
}

const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
