// `const` and `enum`: exactly these values, whatever their type.
import { complementDfa, stringsDfa } from '../char-dfa.ts';
import { isWellFormed } from '../char-ranges.ts';
import { anyNumber, numbersEqual, otherNumbers } from '../number-dfa.ts';
import type { SchemaNode } from '../schema-resources.ts';
import { anyString, anyValue, meetAll, type Shape, tidy, withoutEmpty } from '../shapes.ts';
import type { Clause, SchemaPlace } from './clause.ts';

/** One of the values. */
export function equalsClause(values: readonly unknown[], place: SchemaPlace): Clause {
  const { reader } = place;
  const strings = values.filter((v) => typeof v === 'string');
  const numbers = values.filter((v) => typeof v === 'number');
  const plain = values.filter((v) => v === null || typeof v === 'boolean').map((v) => String(v));
  const composites = values.filter((v) => typeof v === 'object' && v !== null);
  const exact = composites.map((value) => reader.of(place.made(exactly(value as object))));
  const inverse = composites.map((value) => reader.of(place.made(exactly(value as object)), false));
  const stringSet = stringsDfa(strings.filter(isWellFormed));
  return {
    passes: () =>
      tidy(
        [
          ...anyValue.filter((shape) => plain.includes(shape.type)),
          ...(numbers.length > 0 ? [{ type: 'number', dfa: numbersEqual(numbers) } as Shape] : []),
          ...withoutEmpty([{ ...anyString, dfa: stringSet }]),
          ...exact.flatMap((c) => reader.shapesOf(c)),
        ],
        '',
      ),
    fails: () =>
      inverse.reduce<readonly Shape[]>(
        (found, c) => meetAll(found, reader.shapesOf(c), ''),
        anyValue.flatMap((shape): Shape[] => {
          if (plain.includes(shape.type)) return [];
          if (shape.type === 'number')
            return [
              { type: 'number', dfa: numbers.length === 0 ? anyNumber : otherNumbers(numbersEqual(numbers)) },
            ];
          if (shape.type === 'string') return [{ ...anyString, dfa: complementDfa(stringSet) }];
          return [shape];
        }),
      ),
  };
}

const exacts = new WeakMap<object, SchemaNode>();

/** A schema of exactly this array or object. */
function exactly(value: object): SchemaNode {
  let schema = exacts.get(value);
  if (schema === undefined) {
    const length = Object.keys(value).length;
    if (Array.isArray(value))
      schema = {
        type: 'array',
        items: value.map((item) => ({ const: item as unknown })),
        minItems: length,
        maxItems: length,
      };
    else
      schema = {
        type: 'object',
        properties: Object.fromEntries(Object.entries(value).map(([k, v]) => [k, { const: v as unknown }])),
        additionalProperties: false,
        required: Object.keys(value),
      };
    exacts.set(value, schema);
  }
  return schema;
}
