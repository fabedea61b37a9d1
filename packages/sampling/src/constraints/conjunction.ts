// Conjunctions of schemas. Literals are objects, so that what was worked out about one that nothing holds any more (the
// values that further items must differ from are such) goes with it.
import type { DynamicScope, SchemaNode } from './schema-resources.ts';
import type { Shape } from './shapes.ts';

/** A schema, or its negation. */
export class Literal {
  readonly id: number;
  readonly schema: SchemaNode;
  readonly positive: boolean;
  /** What dynamic references mean in the schema. */
  readonly scope: DynamicScope;
  /** The shapes of the values that satisfy it, once they are known. */
  shapes: readonly Shape[] | undefined;

  constructor(id: number, schema: SchemaNode, positive: boolean, scope: DynamicScope) {
    this.id = id;
    this.schema = schema;
    this.positive = positive;
    this.scope = scope;
  }

  /** A name within one compilation: joined names name a conjunction. */
  toString(): string {
    return String(this.id);
  }
}

/** Literals that must all hold, sorted by id. */
export type Conjunction = readonly Literal[];

/** What satisfies both. */
export function both(a: Conjunction, b: Conjunction): Conjunction {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  return [...new Set([...a, ...b])].sort((x, y) => x.id - y.id);
}
