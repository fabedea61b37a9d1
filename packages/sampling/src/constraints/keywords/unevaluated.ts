// `unevaluatedProperties` and `unevaluatedItems`. What a schema has evaluated depends on which of its parts hold; so they
// become one case for each way the parts can hold, and in each case `additionalProperties` or `items` over all that is
// then evaluated.
import type { CharDfa } from '../char-dfa.ts';
import { both, type Conjunction } from '../conjunction.ts';
import type { Keywords, SchemaNode } from '../schema-resources.ts';
import { anyArray, anyObject, type KeySet, meetAll, otherTypes, type Shape, tidy } from '../shapes.ts';
import { someItemFails } from './arrays.ts';
import { type Clause, SchemaPlace } from './clause.ts';
import { patternOf } from './scalars.ts';

/** What is evaluated when `when` holds: names, patterns, the first items, items that are like some schema, or everything. */
interface Case {
  readonly when: Conjunction;
  readonly names: readonly string[];
  readonly patterns: readonly CharDfa[];
  readonly prefix: number;
  readonly like: readonly SchemaNode[];
  readonly all: boolean;
}

const nothing: Case = { when: [], names: [], patterns: [], prefix: 0, like: [], all: false };
const mostCases = 64;

/** The clause of one of the two keywords; undefined where everything is evaluated anyway. */
export function unevaluatedClause(
  keyword: 'unevaluatedItems' | 'unevaluatedProperties',
  place: SchemaPlace,
): Clause | undefined {
  const { schema, reader, path } = place;
  if (schema[keyword] === true) return undefined;
  if (!reader.resources.draft.startsWith('20')) place.refuse(keyword, 'before 2019-09');
  const value = place.sub(schema[keyword], keyword);
  const cases = casesOf(schema, keyword, place, new Set()).filter((one) => !one.all);
  if (cases.length === 0) return undefined;
  const type = keyword === 'unevaluatedItems' ? 'array' : 'object';
  const inCase = (one: Case, shapes: readonly Shape[]): Shape[] =>
    meetAll(one.when.length === 0 ? shapes : reader.shapesOf(one.when), shapes, path);
  const everything = casesOf(schema, keyword, place, new Set()).filter((one) => one.all);
  return {
    passes: () =>
      tidy(
        [
          ...otherTypes(type),
          ...cases.flatMap((one) => inCase(one, [held(one)])),
          ...everything.flatMap((one) => reader.meetOf(one.when, [], path).filter((s) => s.type === type)),
        ],
        path,
      ),
    fails: () =>
      tidy(
        cases.flatMap((one) => inCase(one, [broken(one)])),
        path,
      ),
  };

  function keysOf({ names, patterns }: Case): KeySet {
    return { kind: 'except', names, patterns };
  }

  /** What an item must be like: the keyword's schema, or anything that `contains` has evaluated. */
  function itemOf({ like }: Case): SchemaNode {
    return like.length === 0 ? value : place.made({ anyOf: [value, ...like] });
  }

  function held(one: Case): Shape {
    if (type === 'object')
      return { ...anyObject, rules: [{ keys: keysOf(one), value: reader.of(value) }], order: [...one.names] };
    const prefix = Array.from({ length: one.prefix }, (): Conjunction => []);
    return { ...anyArray, prefix, rest: reader.of(itemOf(one)) };
  }

  function broken(one: Case): Shape {
    if (type === 'object')
      return { ...anyObject, needs: [{ keys: keysOf(one), value: reader.of(value, false) }] };
    return someItemFails(one.prefix, itemOf(one), place);
  }
}

/** The ways the parts of a schema that holds can hold, with what is evaluated in each. */
function casesOf(schema: SchemaNode, keyword: string, place: SchemaPlace, open: ReadonlySet<object>): Case[] {
  if (typeof schema === 'boolean') return [nothing];
  if (open.has(schema)) place.refuse(keyword, 'beside a reference to itself');
  const { reader } = place;
  const inner = new Set([...open, schema]);
  let cases: Case[] = [ownCase(schema, keyword, place, open.size === 0)];
  const cross = (options: readonly Case[]): void => {
    cases = cases.flatMap((one) => options.map((other) => merged(one, other)));
    if (cases.length > mostCases) place.refuse(keyword, `in more than ${mostCases} cases`);
  };
  /** Cases in which the part holds, and the one in which it does not. */
  const passing = (part: SchemaNode): Case[] =>
    casesOf(part, keyword, place, inner).map((one) => ({ ...one, when: both(one.when, reader.of(part)) }));
  const failing = (part: SchemaNode): Case => ({ ...nothing, when: reader.of(part, false) });
  const lists = (name: string): SchemaNode[] => (name in schema ? place.list(schema[name], name) : []);
  for (const part of lists('allOf')) cross(casesOf(part, keyword, place, inner));
  for (const name of ['$ref', '$dynamicRef', '$recursiveRef'] as const) {
    const reference = schema[name];
    if (typeof reference !== 'string') continue;
    const target = reader.resolve(name, reference, schema);
    const there =
      typeof target === 'boolean' ? place : new SchemaPlace(reader.entering(target), target, place.path);
    cross(casesOf(target, keyword, there, inner));
  }
  // Several of `anyOf` may hold, each may or may not; that one does is said elsewhere.
  for (const part of [...lists('anyOf'), ...lists('oneOf')]) {
    const holding = passing(part);
    cross(holding.every(isNothing) ? [nothing] : [...holding, failing(part)]);
  }
  if ('if' in schema) {
    const test = place.sub(schema['if'], 'if');
    const then = 'then' in schema ? place.sub(schema['then'], 'then') : true;
    const otherwise = 'else' in schema ? place.sub(schema['else'], 'else') : true;
    const yes = passing(test).flatMap((one) =>
      casesOf(then, keyword, place, inner).map((other) => merged(one, other)),
    );
    const no = casesOf(otherwise, keyword, place, inner).map((other) => merged(failing(test), other));
    cross([...yes, ...no]);
  }
  for (const name of ['dependentSchemas', 'dependencies'])
    for (const [key, part] of name in schema ? place.map(schema[name], name) : []) {
      if (Array.isArray(part)) continue;
      const present = place.made({ type: 'object', required: [key] });
      const there = casesOf(place.sub(part, name), keyword, place, inner);
      if (there.every(isNothing)) continue;
      cross([
        ...there.map((one) => ({ ...one, when: both(one.when, reader.of(present)) })),
        failing(present),
      ]);
    }
  return cases;
}

/** What the schema's own keywords evaluate. */
function ownCase(schema: Keywords, keyword: string, place: SchemaPlace, atRoot: boolean): Case {
  const again = !atRoot && keyword in schema;
  if (keyword === 'unevaluatedProperties')
    return {
      ...nothing,
      names:
        'properties' in schema ? place.map(schema['properties'], 'properties').map(([name]) => name) : [],
      patterns:
        'patternProperties' in schema
          ? place
              .map(schema['patternProperties'], 'patternProperties')
              .map(([pattern]) => patternOf(pattern, place.path))
          : [],
      all: again || 'additionalProperties' in schema,
    };
  const { draft } = place.reader.resources;
  const lists = [schema['prefixItems'], schema['items']].filter((list) => Array.isArray(list));
  const rest = Array.isArray(schema['items']) ? 'additionalItems' : 'items';
  return {
    ...nothing,
    prefix: Math.max(0, ...lists.map((list) => list.length)),
    like: draft === '2020-12' && 'contains' in schema ? [place.sub(schema['contains'], 'contains')] : [],
    all: again || rest in schema,
  };
}

function merged(a: Case, b: Case): Case {
  return {
    when: both(a.when, b.when),
    names: [...new Set([...a.names, ...b.names])],
    patterns: [...a.patterns, ...b.patterns],
    prefix: Math.max(a.prefix, b.prefix),
    like: [...a.like, ...b.like],
    all: a.all || b.all,
  };
}

function isNothing(one: Case): boolean {
  return (
    one.names.length === 0 &&
    one.patterns.length === 0 &&
    one.prefix === 0 &&
    one.like.length === 0 &&
    !one.all
  );
}
