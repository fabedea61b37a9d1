/** Throws a TypeError when `options` has a field that is not in `known`. */
export function refuseUnknownOptions(where: string, options: object, known: readonly string[]): void {
  for (const key of Object.keys(options)) {
    if (!known.includes(key))
      throw new TypeError(`${where}: unknown option ${key}; expected ${known.join(', ')}`);
  }
}
