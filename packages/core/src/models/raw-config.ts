// Typed reads from a config.json whose content is not trusted, with a record of the keys that were read: what is left over at the
// end is either known to be without influence on inference or reported as unknown.

/** Reads of one raw configuration; every read key is marked as used. */
export interface RawConfig {
  readonly raw: Readonly<Record<string, unknown>>;
  /** The first of `keys` that is present and not null, or undefined. */
  value(...keys: string[]): unknown;
  integer(
    key: string | readonly string[],
    options?: { min?: number; max?: number; fallback?: number },
  ): number;
  number(key: string | readonly string[], fallback?: number): number;
  optionalNumber(...keys: string[]): number | undefined;
  boolean(key: string, fallback: boolean): boolean;
  string(key: string | readonly string[], fallback?: string): string;
  object(...keys: string[]): Record<string, unknown> | undefined;
  /** Keys that were neither read nor among `inert`. */
  unusedKeys(inert: ReadonlySet<string>): string[];
}

/** Wraps `raw`; keys missing there are looked up in `defaults`. */
export function readRawConfig(
  raw: Readonly<Record<string, unknown>>,
  defaults: Readonly<Record<string, unknown>> = {},
): RawConfig {
  const used = new Set<string>();
  const value = (...keys: string[]): unknown => {
    for (const key of keys) used.add(key);
    const given = keys.filter((key) => Object.hasOwn(raw, key));
    const set = given.find((key) => raw[key] !== null && raw[key] !== undefined);
    if (set !== undefined) return raw[set];
    // null is an answer: it switches off what would be on by default.
    if (given.length > 0) return undefined;
    const fallback = keys.find((key) => Object.hasOwn(defaults, key));
    return fallback === undefined ? undefined : defaults[fallback];
  };
  const listOf = (key: string | readonly string[]) => (typeof key === 'string' ? [key] : [...key]);
  const number = (key: string | readonly string[], fallback?: number): number => {
    const keys = listOf(key);
    const found = value(...keys) ?? fallback;
    if (typeof found !== 'number' || !Number.isFinite(found)) fail(keys, 'a finite number', found);
    return found as number;
  };
  return {
    raw,
    value,
    number,
    integer(key, { min = 1, max = 2 ** 31 - 1, fallback } = {}) {
      const found = number(key, fallback);
      if (!Number.isInteger(found) || found < min || found > max) {
        fail(listOf(key), `an integer from ${min} to ${max}`, found, RangeError);
      }
      return found;
    },
    optionalNumber(...keys) {
      return value(...keys) === undefined ? undefined : number(keys);
    },
    boolean(key, fallback) {
      const found = value(key) ?? fallback;
      if (typeof found !== 'boolean') fail([key], 'true or false', found);
      return found as boolean;
    },
    string(key, fallback) {
      const keys = listOf(key);
      const found = value(...keys) ?? fallback;
      if (typeof found !== 'string') fail(keys, 'a string', found);
      return found as string;
    },
    object(...keys) {
      const found = value(...keys);
      if (found === undefined) return undefined;
      if (typeof found !== 'object' || found === null || Array.isArray(found)) fail(keys, 'an object', found);
      return found as Record<string, unknown>;
    },
    unusedKeys: (inert) => Object.keys(raw).filter((key) => !used.has(key) && !inert.has(key)),
  };
}

function fail(keys: readonly string[], expected: string, got: unknown, Kind = TypeError): never {
  throw new Kind(`config ${keys.join(' / ')}: expected ${expected}, got ${JSON.stringify(got) ?? 'nothing'}`);
}
