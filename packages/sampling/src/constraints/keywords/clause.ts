// One keyword's meaning, and what keywords ask of the compiler that reads their schema.

import type { Conjunction } from '../conjunction.ts';
import { UnsupportedConstraintError } from '../errors.ts';
import { isSchema, type Keywords, type SchemaNode, type SchemaResources } from '../schema-resources.ts';
import type { Shape } from '../shapes.ts';

/** The shapes that pass a keyword, and those that fail it. */
export interface Clause {
  passes(): readonly Shape[];
  fails(): readonly Shape[];
}

/** The compiler as keywords see it. */
export interface SchemaReader {
  readonly resources: SchemaResources;
  readonly assertFormats: boolean;
  /** The conjunction of one schema or its negation. */
  of(schema: SchemaNode, positive?: boolean): Conjunction;
  /** The shapes of the values that satisfy the conjunction. */
  shapesOf(conjunction: Conjunction): readonly Shape[];
  /** Those of both, without a memo of the whole, which would stay open while its parts are. */
  meetOf(a: Conjunction, b: Conjunction, path: string): Shape[];
  /** True when plainly no value satisfies it; false leaves the question open. */
  surelyEmpty(conjunction: Conjunction): boolean;
  /** The schema that a reference of `from` means. */
  resolve(keyword: '$ref' | '$dynamicRef' | '$recursiveRef', reference: string, from: object): SchemaNode;
  /** The same reader for what stands within another schema, reached from here. */
  entering(schema: object): SchemaReader;
}

/** One schema and where it stands, with its keywords' values checked as they are read. */
export class SchemaPlace {
  readonly reader: SchemaReader;
  readonly schema: Keywords;
  readonly path: string;

  constructor(reader: SchemaReader, schema: Keywords, path: string) {
    this.reader = reader;
    this.schema = schema;
    this.path = path;
  }

  refuse(keyword: string, reason?: string): never {
    throw new UnsupportedConstraintError(keyword, this.path, reason);
  }

  /** A schema of our own making in place of keywords of this one. */
  made(node: SchemaNode): SchemaNode {
    if (typeof node === 'object') this.reader.resources.adopt(node, this.schema);
    return node;
  }

  sub(value: unknown, keyword: string): SchemaNode {
    return isSchema(value) ? value : this.refuse(keyword, 'expected a schema');
  }

  list(value: unknown, keyword: string): SchemaNode[] {
    return Array.isArray(value)
      ? value.map((v) => this.sub(v, keyword))
      : this.refuse(keyword, 'expected a list of schemas');
  }

  map(value: unknown, keyword: string): [string, unknown][] {
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.entries(value)
      : this.refuse(keyword, 'expected an object');
  }

  count(value: unknown, keyword: string): number {
    return typeof value === 'number' && Number.isInteger(value) && value >= 0
      ? value
      : this.refuse(keyword, 'expected a count');
  }

  number(value: unknown, keyword: string): number {
    return typeof value === 'number' && Number.isFinite(value)
      ? value
      : this.refuse(keyword, 'expected a number');
  }
}
