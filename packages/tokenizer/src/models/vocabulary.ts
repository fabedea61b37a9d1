// Token strings and ids, both ways. A Map, never a plain object: words such as "constructor" are tokens too.

export class Vocabulary {
  private readonly ids: Map<string, number>;
  private readonly tokens: (string | undefined)[] = [];

  constructor(entries: Iterable<readonly [string, number]>) {
    this.ids = new Map();
    for (const [token, id] of entries) {
      if (!Number.isInteger(id) || id < 0)
        throw new RangeError(
          `vocab: expected a non-negative integer id for ${JSON.stringify(token)}, got ${id}`,
        );
      this.ids.set(token, id);
      this.tokens[id] = token;
    }
  }

  /** Number of entries. */
  get size(): number {
    return this.ids.size;
  }

  /** One more than the greatest id. */
  get limit(): number {
    return this.tokens.length;
  }

  id(token: string): number | undefined {
    return this.ids.get(token);
  }

  token(id: number): string | undefined {
    return this.tokens[id];
  }

  /** {token: id} in the order of ids. */
  toRecord(): Record<string, number> {
    const record: Record<string, number> = Object.create(null);
    this.tokens.forEach((token, id) => {
      if (token !== undefined) record[token] = id;
    });
    return record;
  }
}
