// `type`.
import { integers, otherNumbers, writtenIntegers } from '../number-dfa.ts';
import { anyValue, type Shape } from '../shapes.ts';
import type { Clause, SchemaPlace } from './clause.ts';

/** One of the named types. */
export function typeClause(value: unknown, place: SchemaPlace): Clause {
  const names = Array.isArray(value) ? (value as unknown[]) : [value];
  const types = new Set<Shape['type']>();
  let integersOnly = false;
  for (const name of names)
    switch (name) {
      case 'boolean':
        types.add('true').add('false');
        break;
      case 'integer':
        integersOnly = true;
        break;
      case 'null':
      case 'number':
      case 'string':
      case 'array':
      case 'object':
        types.add(name);
        break;
      case 'any':
        return place.refuse('type: any');
      default:
        return place.refuse('type', `unknown type ${JSON.stringify(name)}`);
    }
  const onlyIntegers = integersOnly && !types.has('number');
  // In draft 4 an integer has no fraction and no exponent, not even 1.0; a validator of later drafts counts that as one, so its negation leaves it out too.
  const whole = place.reader.resources.draft === '4' ? writtenIntegers : integers;
  return {
    passes: () => [
      ...anyValue.filter((shape) => types.has(shape.type)),
      ...(onlyIntegers ? [{ type: 'number', dfa: whole } as const] : []),
    ],
    fails: () => [
      ...anyValue.filter((shape) => !types.has(shape.type) && !(onlyIntegers && shape.type === 'number')),
      ...(onlyIntegers ? [{ type: 'number', dfa: otherNumbers(integers) } as const] : []),
    ],
  };
}
