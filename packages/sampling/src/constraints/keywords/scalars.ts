// Keywords of numbers and strings: one automaton each.
import { type CharDfa, complementDfa } from '../char-dfa.ts';
import { UnsupportedConstraintError } from '../errors.ts';
import { formatDfa } from '../formats.ts';
import { multiplesOf, numbersAbove, numbersBelow, otherNumbers, shortNumber } from '../number-dfa.ts';
import { patternDfa } from '../regex.ts';
import { anyString, otherTypes, type StringShape, withoutEmpty } from '../shapes.ts';
import type { Clause, SchemaPlace } from './clause.ts';

/** A keyword of ours: numbers in few digits, so that different texts are different values. */
export const shortNumbersOnly = ' shortNumbers';

/** The clause of a keyword of numbers or strings; undefined for any other keyword. */
export function scalarClause(keyword: string, value: unknown, place: SchemaPlace): Clause | undefined {
  const { schema, path } = place;
  switch (keyword) {
    case 'minimum':
      return numeric(numbersAbove(place.number(value, keyword), schema['exclusiveMinimum'] === true));
    case 'maximum':
      return numeric(numbersBelow(place.number(value, keyword), schema['exclusiveMaximum'] === true));
    case 'exclusiveMinimum':
      return typeof value === 'boolean'
        ? undefined
        : numeric(numbersAbove(place.number(value, keyword), true));
    case 'exclusiveMaximum':
      return typeof value === 'boolean'
        ? undefined
        : numeric(numbersBelow(place.number(value, keyword), true));
    case 'multipleOf': {
      const step = place.number(value, keyword);
      if (!(step > 0)) place.refuse(keyword, 'expected a positive number');
      return numeric(multiplesOf(step, path));
    }
    case shortNumbersOnly:
      return numeric(shortNumber);
    case 'minLength': {
      const min = place.count(value, keyword);
      return text({ ...anyString, min }, { ...anyString, max: min - 1 });
    }
    case 'maxLength': {
      const max = place.count(value, keyword);
      return text({ ...anyString, max }, { ...anyString, min: max + 1 });
    }
    case 'pattern':
      return texts(patternOf(value, path));
    case 'format': {
      if (!place.reader.assertFormats || typeof value !== 'string') return undefined;
      const dfa = formatDfa(value);
      if (dfa === 'unsupported') place.refuse(`format: ${value}`);
      return dfa === undefined ? undefined : texts(dfa as CharDfa);
    }
    default:
      return undefined;
  }
}

/** The strings that a pattern is found in; what it has that is not supported is refused at `path`. */
export function patternOf(value: unknown, path: string): CharDfa {
  if (typeof value !== 'string') throw new UnsupportedConstraintError('pattern', path, 'expected a string');
  try {
    return patternDfa(value);
  } catch (error) {
    if (error instanceof UnsupportedConstraintError)
      throw new UnsupportedConstraintError(error.keyword, path, error.message);
    throw new UnsupportedConstraintError('pattern', path, (error as Error).message);
  }
}

function numeric(inside: CharDfa): Clause {
  return {
    passes: () => [...otherTypes('number'), { type: 'number', dfa: inside }],
    fails: () => withoutEmpty([{ type: 'number', dfa: otherNumbers(inside) }]),
  };
}

function text(shape: StringShape, other: StringShape): Clause {
  return {
    passes: () => [...otherTypes('string'), ...withoutEmpty([shape])],
    fails: () => withoutEmpty([other]),
  };
}

function texts(dfa: CharDfa): Clause {
  return {
    passes: () => [...otherTypes('string'), ...withoutEmpty([{ ...anyString, dfa }])],
    fails: () => withoutEmpty([{ ...anyString, dfa: complementDfa(dfa) }]),
  };
}
