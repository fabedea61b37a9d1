// Checks of options with one wording: `topP: expected 0 <= p <= 1, got 1.2`.

/** Refuses options that are not in `known`: an option is never ignored. */
export function checkKnown(owner: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`${owner}: expected options as an object, got ${String(options)}`);
  for (const name of Object.keys(options))
    if (!known.includes(name))
      throw new TypeError(`${owner}: unknown option ${name}, expected one of ${known.join(', ')}`);
}

/** The value, when it is a number for which `ok` holds. */
export function checkNumber(
  name: string,
  value: unknown,
  expected: string,
  ok: (x: number) => boolean,
): number {
  if (typeof value !== 'number' || Number.isNaN(value) || !ok(value))
    throw new RangeError(`${name}: expected ${expected}, got ${String(value)}`);
  return value;
}

/** The value, when it is an integer >= least. */
export function checkInteger(name: string, value: unknown, least: number): number {
  return checkNumber(name, value, `an integer >= ${least}`, (x) => Number.isSafeInteger(x) && x >= least);
}

/** The ids, copied, when each is an integer >= 0. */
export function checkIds(name: string, ids: ArrayLike<number>): Int32Array {
  const copy = new Int32Array(ids.length);
  for (let i = 0; i < ids.length; i++) copy[i] = checkInteger(`${name}[${i}]`, ids[i], 0);
  return copy;
}
