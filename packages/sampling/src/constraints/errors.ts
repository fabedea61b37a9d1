// Refusals are by name: a schema, pattern or grammar that the engine cannot hold to exactly is not compiled.

/** A keyword (or combination) of a schema, pattern or grammar that is not supported. */
export class UnsupportedConstraintError extends Error {
  override readonly name = 'UnsupportedConstraintError';
  /** The keyword or construct: `unevaluatedItems`, `lookahead`, `left recursion`, ... */
  readonly keyword: string;
  /** Where: a JSON Pointer into the schema, or an offset of the pattern. */
  readonly path: string;
  constructor(keyword: string, path: string, reason?: string) {
    super(
      `${keyword}: not supported${reason === undefined ? '' : ` (${reason})`}, at ${path === '' ? '#' : path}`,
    );
    this.keyword = keyword;
    this.path = path;
  }
}

/** No text at all satisfies the constraint. */
export class UnsatisfiableConstraintError extends Error {
  override readonly name = 'UnsatisfiableConstraintError';
  constructor(message = 'constraint: no text satisfies it') {
    super(message);
  }
}
