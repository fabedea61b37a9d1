// JSON Schema (2020-12, 2019-09, 7, 6, 4) to shapes. Each keyword gives the shapes of the values that pass it and of
// those that fail it; a schema is the meet of the former, its negation the union of the latter. So `not`, `oneOf`,
// `if` and `dependent*` need no machinery of their own. What cannot be held to exactly is refused by its name.
import { dfaAccepts } from './char-dfa.ts';
import { both, type Conjunction, Literal } from './conjunction.ts';
import { UnsupportedConstraintError } from './errors.ts';
import { arrayClause, containsClause, itemsClause } from './keywords/arrays.ts';
import { type Clause, SchemaPlace, type SchemaReader } from './keywords/clause.ts';
import { appliedClause, combinationClauses } from './keywords/combinations.ts';
import { objectClause, propertiesClause } from './keywords/objects.ts';
import { scalarClause, shortNumbersOnly } from './keywords/scalars.ts';
import { typeClause } from './keywords/shapes-of-type.ts';
import { unevaluatedClause } from './keywords/unevaluated.ts';
import { equalsClause } from './keywords/values.ts';
import { Memo } from './memo.ts';
import type { DynamicScope, SchemaNode, SchemaResources } from './schema-resources.ts';
import { anyValue, type KeySet, meetAll, type Shape, tidy } from './shapes.ts';

const noScope: DynamicScope = new Map();

/** Whether JSON values are equal as JSON Schema means it (1 and 1.0 are). */
export function jsonKey(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(jsonKey).join(',')}]`;
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .map(([k, v]) => `${JSON.stringify(k)}:${jsonKey(v)}`)
      .sort()
      .join(',')}}`;
  return JSON.stringify(value === 0 ? 0 : value);
}

/** Expands schemas to shapes and answers which of them some value has. */
export class SchemaCompiler {
  readonly resources: SchemaResources;
  readonly assertFormats: boolean;
  #ids = 0;
  readonly #never = new Literal(this.#ids++, false, true, noScope);
  /** By schema: for each dynamic scope that it is met in, the literals. */
  readonly #literals = new WeakMap<object, Map<DynamicScope, readonly [is: Literal, isNot: Literal]>>();
  /** Equal scopes are one object. */
  readonly #scopes = new Map<string, DynamicScope>();
  readonly #schemaIds = new Map<SchemaNode, number>();
  readonly #shapes = new Memo<string, readonly Shape[]>(4000);
  readonly #open = new Set<Literal>();
  readonly #excluding = new Memo<string, SchemaNode>(500);

  constructor(resources: SchemaResources, assertFormats: boolean) {
    this.resources = resources;
    this.assertFormats = assertFormats;
  }

  /** The conjunction of one schema or its negation, at the root of its document. */
  of(schema: SchemaNode, positive = true): Conjunction {
    return this.#of(schema, positive, noScope);
  }

  #of(schema: SchemaNode, positive: boolean, outer: DynamicScope): Conjunction {
    if (schema === positive) return []; // true, or not false
    if (typeof schema === 'boolean') return [this.#never];
    const scope = this.#shared(this.resources.enter(schema, outer));
    const byScope = this.#literals.get(schema) ?? new Map<DynamicScope, readonly [Literal, Literal]>();
    this.#literals.set(schema, byScope);
    let literals = byScope.get(scope);
    if (literals === undefined) {
      literals = [
        new Literal(this.#ids++, schema, true, scope),
        new Literal(this.#ids++, schema, false, scope),
      ];
      byScope.set(scope, literals);
    }
    return [literals[positive ? 0 : 1]];
  }

  #shared(scope: DynamicScope): DynamicScope {
    if (scope.size === 0) return noScope;
    const key = [...scope]
      .map(([name, target]) => {
        const id = this.#schemaIds.get(target) ?? this.#schemaIds.size;
        this.#schemaIds.set(target, id);
        return `${JSON.stringify(name)}${id}`;
      })
      .sort()
      .join();
    const known = this.#scopes.get(key);
    if (known !== undefined) return known;
    this.#scopes.set(key, scope);
    return scope;
  }

  /** The compiler as it is seen from within a dynamic scope. */
  within(scope: DynamicScope): SchemaReader {
    return {
      resources: this.resources,
      assertFormats: this.assertFormats,
      of: (schema, positive = true) => this.#of(schema, positive, scope),
      shapesOf: (conjunction) => this.shapesOf(conjunction),
      meetOf: (a, b, path) => this.meetOf(a, b, path),
      surelyEmpty: (conjunction) => this.surelyEmpty(conjunction),
      resolve: (keyword, reference, from) =>
        keyword === '$ref'
          ? this.resources.resolve(reference, from)
          : this.resources.resolveDynamic(reference, from, scope),
      entering: (schema) => this.within(this.resources.enter(schema, scope)),
    };
  }

  /** The conjunction of everything but these values; used for items that must differ. */
  excluding(values: readonly string[]): Conjunction {
    return this.of(
      this.#excluding.of(values.join('\n'), () => ({
        [shortNumbersOnly]: true,
        not: { enum: values.map((v) => JSON.parse(v) as unknown) },
      })),
    );
  }

  /** The shapes of the values that satisfy the conjunction. */
  shapesOf(conjunction: Conjunction): readonly Shape[] {
    if (conjunction.length === 0) return anyValue;
    return this.#shapes.of(conjunction.join('&'), () => {
      let shapes: readonly Shape[] = anyValue;
      for (const literal of conjunction) {
        shapes = meetAll(shapes, this.#expand(literal), this.#pathOf(literal));
        if (shapes.length === 0) break;
      }
      return shapes;
    });
  }

  /** True when plainly no value satisfies it; false leaves the question open. */
  surelyEmpty(conjunction: Conjunction, depth = 3): boolean {
    let shapes: readonly Shape[];
    try {
      shapes = this.shapesOf(conjunction);
    } catch (error) {
      if (error instanceof UnsupportedConstraintError) return false; // it contains what is being expanded
      throw error;
    }
    return shapes.every((shape) => {
      if (depth === 0) return false;
      if (shape.type === 'array')
        return Array.from(
          { length: Math.min(shape.min, shape.prefix.length + 1) },
          (_, i) => shape.prefix[i] ?? shape.rest,
        ).some((item) => item.length > 0 && this.surelyEmpty(item, depth - 1));
      if (shape.type === 'object')
        return shape.needs.some((need) => {
          if (need.keys.kind !== 'name') return false;
          const value = this.valueOf(shape.rules, need.keys.name);
          const all = both(need.value, value);
          return all.length > 0 && this.surelyEmpty(all, depth - 1);
        });
      return false;
    });
  }

  /** What the rules ask of the value of a key. */
  valueOf(
    rules: readonly { readonly keys: KeySet; readonly value: Conjunction }[],
    name: string,
  ): Conjunction {
    let value: Conjunction = [];
    for (const rule of rules) if (hasKey(rule.keys, name)) value = both(value, rule.value);
    return value;
  }

  #pathOf({ schema }: Literal): string {
    return typeof schema === 'boolean' ? '' : this.resources.placeOf(schema).path;
  }

  #expand(literal: Literal): readonly Shape[] {
    if (literal.shapes !== undefined) return literal.shapes;
    const { schema, positive } = literal;
    if (typeof schema === 'boolean') return schema === positive ? anyValue : [];
    const path = this.#pathOf(literal);
    if (this.#open.has(literal))
      throw new UnsupportedConstraintError('$ref', path, 'refers to itself without end');
    this.#open.add(literal);
    try {
      const clauses = clausesOf(new SchemaPlace(this.within(literal.scope), schema, path));
      const shapes = positive
        ? clauses.reduce<readonly Shape[]>(
            (found, clause) => (found.length === 0 ? found : meetAll(found, clause.passes(), path)),
            anyValue,
          )
        : tidy(
            clauses.flatMap((clause) => clause.fails()),
            path,
          );
      literal.shapes = shapes;
      return shapes;
    } finally {
      this.#open.delete(literal);
    }
  }

  meetOf(a: Conjunction, b: Conjunction, path: string): Shape[] {
    const left = this.shapesOf(a);
    return left.length === 0 ? [] : meetAll(left, this.shapesOf(b), path);
  }
}

/** What each keyword of a schema says. */
function clausesOf(place: SchemaPlace): Clause[] {
  const { schema, reader } = place;
  const { draft } = reader.resources;
  const clauses: Clause[] = [];
  if (typeof schema['$ref'] === 'string') {
    clauses.push(appliedClause(reader.resolve('$ref', schema['$ref'], schema), place));
    if (Number(draft) <= 7) return clauses; // the older drafts ignore what stands beside a reference
  }
  for (const keyword of ['$dynamicRef', '$recursiveRef'] as const) {
    const reference = schema[keyword];
    if (typeof reference === 'string')
      clauses.push(appliedClause(reader.resolve(keyword, reference, schema), place));
  }
  for (const keyword of ['extends', 'disallow', 'divisibleBy']) if (keyword in schema) place.refuse(keyword);
  for (const keyword of ['unevaluatedItems', 'unevaluatedProperties'] as const) {
    const clause = keyword in schema ? unevaluatedClause(keyword, place) : undefined;
    if (clause !== undefined) clauses.push(clause);
  }
  // What no clause is made of are annotations, definitions, and keywords that no draft knows.
  for (const [keyword, value] of Object.entries(schema)) {
    const one = ownClause(keyword, value, place);
    if (one !== undefined) clauses.push(one);
    clauses.push(...combinationClauses(keyword, value, place));
  }
  if ('items' in schema || 'prefixItems' in schema) clauses.push(itemsClause(place));
  if ('contains' in schema && draft !== '4')
    clauses.push(containsClause(place.sub(schema['contains'], 'contains'), place));
  if ('properties' in schema || 'patternProperties' in schema || 'additionalProperties' in schema)
    clauses.push(propertiesClause(place));
  return clauses;
}

function ownClause(keyword: string, value: unknown, place: SchemaPlace): Clause | undefined {
  switch (keyword) {
    case 'type':
      return typeClause(value, place);
    case 'const':
      return equalsClause([value], place);
    case 'enum':
      return equalsClause(Array.isArray(value) ? value : place.refuse('enum', 'expected a list'), place);
    default:
      return (
        scalarClause(keyword, value, place) ??
        arrayClause(keyword, value, place) ??
        objectClause(keyword, value, place)
      );
  }
}

/** Whether the key is of the set. */
export function hasKey(keys: KeySet, name: string): boolean {
  if (keys.kind === 'name') return keys.name === name;
  if (keys.kind === 'pattern') return dfaAccepts(keys.dfa, name);
  return !keys.names.includes(name) && !keys.patterns.some((dfa) => dfaAccepts(dfa, name));
}
