/** Throws when `options` names something the caller does not take: an option is never silently ignored. */
export function checkOptions(options: object, allowed: readonly string[], caller: string): void {
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`${caller}: expected options as an object, got ${options}`);
  for (const name of Object.keys(options)) {
    if (!allowed.includes(name))
      throw new TypeError(`${caller}: unknown option ${name}, expected one of ${allowed.join(', ')}`);
  }
}
