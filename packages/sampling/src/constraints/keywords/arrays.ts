// Keywords of arrays.

import type { Conjunction } from '../conjunction.ts';
import type { SchemaNode } from '../schema-resources.ts';
import { anyArray, otherTypes, type Shape } from '../shapes.ts';
import type { Clause, SchemaPlace } from './clause.ts';

/** The clause of a keyword of arrays that stands for itself; undefined for any other keyword. */
export function arrayClause(keyword: string, value: unknown, place: SchemaPlace): Clause | undefined {
  switch (keyword) {
    case 'minItems': {
      const min = place.count(value, keyword);
      return {
        passes: () => [...otherTypes('array'), { ...anyArray, min }],
        fails: () => (min === 0 ? [] : [{ ...anyArray, max: min - 1 }]),
      };
    }
    case 'maxItems': {
      const max = place.count(value, keyword);
      return {
        passes: () => [...otherTypes('array'), { ...anyArray, max }],
        fails: () => [{ ...anyArray, min: max + 1 }],
      };
    }
    case 'uniqueItems':
      if (value === true)
        return {
          passes: () => [...otherTypes('array'), { ...anyArray, unique: true }],
          fails: () => place.refuse('uniqueItems', 'negated'),
        };
      if (value !== false) place.refuse(keyword, 'expected a boolean');
      return undefined;
    default:
      return undefined;
  }
}

/** `items`, `prefixItems`, `additionalItems`: what stands at each position. */
export function itemsClause(place: SchemaPlace): Clause {
  const { reader, schema } = place;
  const { draft } = reader.resources;
  let prefix: SchemaNode[] = [];
  let rest: SchemaNode = true;
  if (Array.isArray(schema['items'])) {
    prefix = place.list(schema['items'], 'items');
    if ('additionalItems' in schema) rest = place.sub(schema['additionalItems'], 'additionalItems');
  } else {
    if (Array.isArray(schema['prefixItems']) && draft !== '4')
      prefix = Number(draft) <= 7 ? [] : place.list(schema['prefixItems'], 'prefixItems');
    if ('items' in schema) rest = place.sub(schema['items'], 'items');
  }
  return {
    passes: () => [
      ...otherTypes('array'),
      { ...anyArray, prefix: prefix.map((item) => reader.of(item)), rest: reader.of(rest) },
    ],
    fails: () => {
      const wrong: Shape[] = prefix.flatMap((item, i): Shape[] => {
        if (item === true) return [];
        const before: Conjunction[] = Array.from({ length: i }, () => []);
        return [{ ...anyArray, prefix: [...before, reader.of(item, false)], min: i + 1 }];
      });
      if (rest !== true) wrong.push(someItemFails(prefix.length, rest, place));
      return wrong;
    },
  };
}

/** An array with an item from `from` on that the schema does not hold of. */
export function someItemFails(from: number, rest: SchemaNode, { reader }: SchemaPlace): Shape {
  const failing = { from, value: reader.of(rest, false), otherwise: reader.of(rest), min: 1, max: Infinity };
  return { ...anyArray, min: from + 1, contains: [failing] };
}

/** `contains` with its counts. */
export function containsClause(inner: SchemaNode, place: SchemaPlace): Clause {
  const { reader, schema } = place;
  const { draft } = reader.resources;
  const modern = Number(draft) > 7 || draft.startsWith('20');
  const min = modern && 'minContains' in schema ? place.count(schema['minContains'], 'minContains') : 1;
  const max =
    modern && 'maxContains' in schema ? place.count(schema['maxContains'], 'maxContains') : Infinity;
  const counted = (least: number, most: number): Shape[] => {
    if (least > most) return [];
    if (most === 0) return [{ ...anyArray, rest: reader.of(inner, false) }];
    if (least === 0 && most === Infinity) return [anyArray];
    const containment = {
      from: 0,
      value: reader.of(inner),
      otherwise: reader.of(inner, false),
      min: least,
      max: most,
    };
    return [{ ...anyArray, min: least, contains: [containment] }];
  };
  return {
    passes: () => [...otherTypes('array'), ...counted(min, max)],
    fails: () => [
      ...(min > 0 ? counted(0, min - 1) : []),
      ...(max < Infinity ? counted(max + 1, Infinity) : []),
    ],
  };
}
