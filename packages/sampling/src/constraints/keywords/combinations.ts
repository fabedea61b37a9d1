// Keywords that put schemas together: each by the shapes of the parts and of their negations.

import { both } from '../conjunction.ts';
import type { SchemaNode } from '../schema-resources.ts';
import { anyValue, meetAll, type Shape, tidy } from '../shapes.ts';
import type { Clause, SchemaPlace } from './clause.ts';

/** The clauses of a combining keyword; none for any other. */
export function combinationClauses(keyword: string, value: unknown, place: SchemaPlace): Clause[] {
  switch (keyword) {
    case 'dependentRequired':
    case 'dependentSchemas':
    case 'dependencies':
      return place.map(value, keyword).map(([name, needed]) => {
        const then = Array.isArray(needed) ? place.made({ required: needed }) : place.sub(needed, keyword);
        return anyClause([place.made({ properties: { [name]: false } }), then], place);
      });
    case 'allOf':
      return place.list(value, keyword).map((part) => appliedClause(part, place));
    case 'anyOf':
      return [anyClause(place.list(value, keyword), place)];
    case 'oneOf':
      return [oneClause(place.list(value, keyword), place)];
    case 'not': {
      const { passes, fails } = appliedClause(place.sub(value, keyword), place);
      return [{ passes: fails, fails: passes }];
    }
    case 'if':
      if (!('then' in place.schema || 'else' in place.schema)) return [];
      // There it means nothing; whoever writes it means something.
      if (['4', '6'].includes(place.reader.resources.draft)) return place.refuse('if', 'before draft 7');
      return [ifClause(place.sub(value, keyword), place)];
    default:
      return [];
  }
}

/** The schema itself, in place. */
export function appliedClause(schema: SchemaNode, { reader }: SchemaPlace): Clause {
  return {
    passes: () => reader.shapesOf(reader.of(schema)),
    fails: () => reader.shapesOf(reader.of(schema, false)),
  };
}

function anyClause(options: readonly SchemaNode[], { reader }: SchemaPlace): Clause {
  return {
    passes: () =>
      tidy(
        options.flatMap((option) => reader.shapesOf(reader.of(option))),
        '',
      ),
    fails: () =>
      options.reduce<readonly Shape[]>(
        (found, option) => meetAll(found, reader.shapesOf(reader.of(option, false)), ''),
        anyValue,
      ),
  };
}

function oneClause(options: readonly SchemaNode[], { reader, path }: SchemaPlace): Clause {
  const holds = options.map((option) => reader.of(option));
  const lacks = options.map((option) => reader.of(option, false));
  // Two schemas that plainly exclude each other need no negation.
  const apart = (i: number, j: number): boolean => reader.surelyEmpty(both(holds[i], holds[j]));
  return {
    passes: () =>
      tidy(
        options.flatMap((_, i) => {
          let shapes = reader.shapesOf(holds[i]);
          for (let j = 0; j < options.length && shapes.length > 0; j++)
            if (j !== i && !apart(i, j)) shapes = meetAll(shapes, reader.shapesOf(lacks[j]), path);
          return shapes;
        }),
        path,
      ),
    fails: () => {
      const none = lacks.reduce<readonly Shape[]>(
        (found, lack) => meetAll(found, reader.shapesOf(lack), path),
        anyValue,
      );
      const two = options.flatMap((_, i) =>
        options.flatMap((__, j) => (j > i && !apart(i, j) ? reader.meetOf(holds[i], holds[j], path) : [])),
      );
      return tidy([...none, ...two], path);
    },
  };
}

function ifClause(test: SchemaNode, place: SchemaPlace): Clause {
  const { reader, schema, path } = place;
  const condition = reader.of(test);
  const negated = reader.of(test, false);
  const then = 'then' in schema ? place.sub(schema['then'], 'then') : true;
  const otherwise = 'else' in schema ? place.sub(schema['else'], 'else') : true;
  const either = (positive: boolean): Shape[] =>
    tidy(
      [
        ...reader.meetOf(condition, reader.of(then, positive), path),
        ...reader.meetOf(negated, reader.of(otherwise, positive), path),
      ],
      path,
    );
  return { passes: () => either(true), fails: () => either(false) };
}
