// Keywords of objects.
import { allStrings, type CharDfa, complementDfa, intersectDfa, stringsDfa, uniteDfa } from '../char-dfa.ts';
import { anyChar } from '../char-ranges.ts';
import type { Conjunction } from '../conjunction.ts';
import { UnsupportedConstraintError } from '../errors.ts';
import { regexDfa } from '../regex.ts';
import type { SchemaNode } from '../schema-resources.ts';
import { anyObject, type KeySet, otherTypes } from '../shapes.ts';
import type { Clause, SchemaPlace } from './clause.ts';
import { patternOf } from './scalars.ts';

/** The clause of a keyword of objects that stands for itself; undefined for any other keyword. */
export function objectClause(keyword: string, value: unknown, place: SchemaPlace): Clause | undefined {
  const { reader } = place;
  switch (keyword) {
    case 'minProperties': {
      const min = place.count(value, keyword);
      return {
        passes: () => [...otherTypes('object'), { ...anyObject, min }],
        fails: () => (min === 0 ? [] : [{ ...anyObject, max: min - 1 }]),
      };
    }
    case 'maxProperties': {
      const max = place.count(value, keyword);
      return {
        passes: () => [...otherTypes('object'), { ...anyObject, max }],
        fails: () => [{ ...anyObject, min: max + 1 }],
      };
    }
    case 'required': {
      if (typeof value === 'boolean') {
        if (value) place.refuse('required', 'a boolean, as in draft 3');
        return undefined;
      }
      if (!Array.isArray(value) || value.some((name) => typeof name !== 'string'))
        place.refuse(keyword, 'expected names');
      const names = [...new Set(value as string[])];
      return {
        passes: () => [
          ...otherTypes('object'),
          { ...anyObject, needs: names.map((name) => ({ keys: { kind: 'name', name }, value: [] })) },
        ],
        fails: () =>
          names.map((name) => ({
            ...anyObject,
            rules: [{ keys: { kind: 'name', name }, value: reader.of(false) }],
          })),
      };
    }
    case 'propertyNames': {
      const names = stringsOf(reader.of(place.sub(value, keyword)), place);
      const keys: KeySet = { kind: 'pattern', dfa: complementDfa(names) };
      return {
        passes: () => [...otherTypes('object'), { ...anyObject, rules: [{ keys, value: reader.of(false) }] }],
        fails: () => [{ ...anyObject, needs: [{ keys, value: [] }] }],
      };
    }
    default:
      return undefined;
  }
}

/** `properties`, `patternProperties`, `additionalProperties`: what each key asks of its value. */
export function propertiesClause(place: SchemaPlace): Clause {
  const { reader, schema, path } = place;
  const named = 'properties' in schema ? place.map(schema['properties'], 'properties') : [];
  const patterns =
    'patternProperties' in schema ? place.map(schema['patternProperties'], 'patternProperties') : [];
  const rules: { keys: KeySet; schema: SchemaNode }[] = named.map(([name, value]) => ({
    keys: { kind: 'name', name },
    schema: place.sub(value, 'properties'),
  }));
  const dfas = patterns.map(([pattern, value]) => {
    const dfa = patternOf(pattern, `${path}/patternProperties`);
    rules.push({ keys: { kind: 'pattern', dfa }, schema: place.sub(value, 'patternProperties') });
    return dfa;
  });
  if ('additionalProperties' in schema)
    rules.push({
      keys: { kind: 'except', names: named.map(([name]) => name), patterns: dfas },
      schema: place.sub(schema['additionalProperties'], 'additionalProperties'),
    });
  const asking = rules.filter((rule) => rule.schema !== true);
  return {
    passes: () => [
      ...otherTypes('object'),
      {
        ...anyObject,
        rules: asking.map((rule) => ({ keys: rule.keys, value: reader.of(rule.schema) })),
        order: named.map(([name]) => name),
      },
    ],
    fails: () =>
      asking.map((rule) => ({
        ...anyObject,
        needs: [{ keys: rule.keys, value: reader.of(rule.schema, false) }],
      })),
  };
}

/** The strings that satisfy a schema, with lengths inside the automaton. */
function stringsOf(conjunction: Conjunction, { reader, path }: SchemaPlace): CharDfa {
  let all: CharDfa | undefined;
  for (const shape of reader.shapesOf(conjunction)) {
    if (shape.type !== 'string') continue;
    if (shape.min > 2000 || (shape.max !== Infinity && shape.max > 2000))
      throw new UnsupportedConstraintError('propertyNames', path, 'length over 2000');
    const dfa = intersectDfa(shape.dfa, lengthDfa(shape.min, shape.max));
    all = all === undefined ? dfa : uniteDfa(all, dfa);
  }
  return all ?? stringsDfa([]);
}

function lengthDfa(min: number, max: number): CharDfa {
  if (min === 0 && max === Infinity) return allStrings;
  return regexDfa({ kind: 'repeat', item: { kind: 'chars', ranges: anyChar }, min, max });
}
