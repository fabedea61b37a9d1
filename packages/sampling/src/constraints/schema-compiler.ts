// JSON Schema (2020-12, 2019-09, 7, 6, 4) to shapes. Each keyword gives the shapes of the values that pass it and of
// those that fail it; a schema is the meet of the former, its negation the union of the latter. So `not`, `oneOf`,
// `if` and `dependent*` need no machinery of their own. What cannot be held to exactly is refused by its name.
import { boundedAutomaton } from './char-automaton.ts';
import { allStrings, type CharDfa, complementDfa, intersectDfa, stringsDfa, uniteDfa } from './char-dfa.ts';
import { anyChar, isWellFormed } from './char-ranges.ts';
import { UnsupportedConstraintError } from './errors.ts';
import { formatDfa } from './formats.ts';
import {
  anyNumber,
  integers,
  multiplesOf,
  numbersAbove,
  numbersBelow,
  numbersEqual,
  otherNumbers,
  shortNumber,
} from './number-dfa.ts';
import { patternDfa, regexDfa } from './regex.ts';
import { isSchema, type SchemaNode, type SchemaResources } from './schema-resources.ts';
import {
  anyArray,
  anyObject,
  anyString,
  anyValue,
  both,
  type Conjunction,
  type KeySet,
  meetAll,
  otherTypes,
  type Shape,
  type StringShape,
  tidy,
} from './shapes.ts';

interface Literal {
  readonly schema: SchemaNode;
  readonly positive: boolean;
}

/** One keyword's meaning: the shapes that pass it, and those that fail it. */
interface Clause {
  passes(): readonly Shape[];
  fails(): readonly Shape[];
}

/** What of an object or array is evaluated: names, patterns, the first items, or everything. */
interface Evaluated {
  readonly names: Set<string>;
  readonly patterns: CharDfa[];
  prefix: number;
  all: boolean;
}

type Keywords = { readonly [keyword: string]: unknown };

/** A keyword of ours: numbers in few digits, so that different texts are different values. */
const shortNumbersOnly = ' shortNumbers';

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
  readonly #resources: SchemaResources;
  readonly #assertFormats: boolean;
  readonly #literals: Literal[] = [];
  readonly #ids = new Map<SchemaNode, readonly [number, number]>();
  readonly #expanded = new Map<number, readonly Shape[]>();
  readonly #shapes = new Map<string, readonly Shape[]>();
  readonly #open = new Set<string>();
  readonly #excluding = new Map<string, SchemaNode>();

  constructor(resources: SchemaResources, assertFormats: boolean) {
    this.#resources = resources;
    this.#assertFormats = assertFormats;
  }

  /** The conjunction of one schema or its negation. */
  of(schema: SchemaNode, positive = true): Conjunction {
    if (schema === positive) return []; // true, or not false
    let ids = this.#ids.get(schema);
    if (ids === undefined) {
      ids = [this.#literals.length, this.#literals.length + 1];
      this.#ids.set(schema, ids);
      this.#literals.push({ schema, positive: true }, { schema, positive: false });
    }
    return [ids[positive ? 0 : 1]];
  }

  /** The conjunction of everything but these values; used for items that must differ. */
  excluding(values: readonly string[]): Conjunction {
    const key = values.join('\n');
    let schema = this.#excluding.get(key);
    if (schema === undefined) {
      schema = { [shortNumbersOnly]: true, not: { enum: values.map((v) => JSON.parse(v) as unknown) } };
      this.#excluding.set(key, schema);
    }
    return this.of(schema);
  }

  /** The shapes of the values that satisfy the conjunction. */
  shapesOf(conjunction: Conjunction): readonly Shape[] {
    if (conjunction.length === 0) return anyValue;
    const key = conjunction.join('&');
    const known = this.#shapes.get(key);
    if (known !== undefined) return known;
    let shapes: readonly Shape[] = anyValue;
    for (const id of conjunction) {
      shapes = meetAll(shapes, this.#expand(id), this.#pathOf(id));
      if (shapes.length === 0) break;
    }
    this.#shapes.set(key, shapes);
    return shapes;
  }

  /** True when plainly no value satisfies it; false leaves the question open. */
  #surelyEmpty(conjunction: Conjunction, depth = 3): boolean {
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
        ).some((item) => item.length > 0 && this.#surelyEmpty(item, depth - 1));
      if (shape.type === 'object')
        return shape.needs.some((need) => {
          if (need.keys.kind !== 'name') return false;
          const value = this.valueOf(shape.rules, need.keys.name);
          const all = both(need.value, value);
          return all.length > 0 && this.#surelyEmpty(all, depth - 1);
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

  #pathOf(id: number): string {
    const { schema } = this.#literals[id];
    return typeof schema === 'boolean' ? '' : this.#resources.placeOf(schema).path;
  }

  #expand(id: number): readonly Shape[] {
    const known = this.#expanded.get(id);
    if (known !== undefined) return known;
    const { schema, positive } = this.#literals[id];
    if (typeof schema === 'boolean') return schema === positive ? anyValue : [];
    const path = this.#pathOf(id);
    const mark = String(id);
    if (this.#open.has(mark))
      throw new UnsupportedConstraintError('$ref', path, 'refers to itself without end');
    this.#open.add(mark);
    try {
      const clauses = this.#clauses(schema, path);
      const shapes = positive
        ? clauses.reduce<readonly Shape[]>(
            (found, clause) => (found.length === 0 ? found : meetAll(found, clause.passes(), path)),
            anyValue,
          )
        : tidy(
            clauses.flatMap((clause) => clause.fails()),
            path,
          );
      this.#expanded.set(id, shapes);
      return shapes;
    } finally {
      this.#open.delete(mark);
    }
  }

  /** A schema of our own making in place of keywords of `from`. */
  #made(schema: SchemaNode, from: Keywords): SchemaNode {
    if (typeof schema === 'object') this.#resources.adopt(schema, from);
    return schema;
  }

  #applied(schema: SchemaNode): Clause {
    return {
      passes: () => this.shapesOf(this.of(schema)),
      fails: () => this.shapesOf(this.of(schema, false)),
    };
  }

  #clauses(schema: Keywords, path: string): Clause[] {
    const { draft } = this.#resources;
    const refuse = (keyword: string, reason?: string): never => {
      throw new UnsupportedConstraintError(keyword, path, reason);
    };
    const sub = (value: unknown, keyword: string): SchemaNode =>
      isSchema(value) ? value : refuse(keyword, 'expected a schema');
    const list = (value: unknown, keyword: string): SchemaNode[] =>
      Array.isArray(value)
        ? value.map((v) => sub(v, keyword))
        : refuse(keyword, 'expected a list of schemas');
    const map = (value: unknown, keyword: string): [string, unknown][] =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.entries(value)
        : refuse(keyword, 'expected an object');
    const count = (value: unknown, keyword: string): number =>
      typeof value === 'number' && Number.isInteger(value) && value >= 0
        ? value
        : refuse(keyword, 'expected a count');
    const number = (value: unknown, keyword: string): number =>
      typeof value === 'number' && Number.isFinite(value) ? value : refuse(keyword, 'expected a number');
    const made = (node: SchemaNode): SchemaNode => this.#made(node, schema);
    const clauses: Clause[] = [];
    if (typeof schema['$ref'] === 'string') {
      clauses.push(this.#applied(this.#resources.resolve(schema['$ref'], schema)));
      if (Number(draft) <= 7) return clauses; // the older drafts ignore what stands beside a reference
    }
    for (const keyword of ['$dynamicRef', '$recursiveRef', 'extends', 'disallow', 'divisibleBy'])
      if (keyword in schema) refuse(keyword);
    for (const keyword of ['unevaluatedItems', 'unevaluatedProperties'] as const) {
      if (!(keyword in schema) || schema[keyword] === true) continue;
      // Known beforehand only where nothing in place is conditional; then it is `items` or `additionalProperties` over more.
      const known = draft.startsWith('20') ? this.#evaluated(schema, keyword, new Set()) : undefined;
      if (known === undefined) return refuse(keyword, 'beside what applies only sometimes');
      if (known.all) continue;
      const value = sub(schema[keyword], keyword);
      if (keyword === 'unevaluatedProperties') {
        const keys: KeySet = { kind: 'except', names: [...known.names], patterns: known.patterns };
        clauses.push({
          passes: () => [
            ...otherTypes('object'),
            { ...anyObject, rules: [{ keys, value: this.of(value) }], order: [...known.names] },
          ],
          fails: () => [{ ...anyObject, needs: [{ keys, value: this.of(value, false) }] }],
        });
      } else {
        const { prefix } = known;
        const rest = {
          from: prefix,
          value: this.of(value, false),
          otherwise: this.of(value),
          min: 1,
          max: Infinity,
        };
        clauses.push({
          passes: () => [
            ...otherTypes('array'),
            { ...anyArray, prefix: Array.from({ length: prefix }, () => []), rest: this.of(value) },
          ],
          fails: () => [{ ...anyArray, min: prefix + 1, contains: [rest] }],
        });
      }
    }
    const numeric = (inside: CharDfa): Clause => ({
      passes: () => [...otherTypes('number'), { type: 'number', dfa: inside }],
      fails: () => tidyEmpty([{ type: 'number', dfa: otherNumbers(inside) }]),
    });
    const text = (shape: StringShape, others: () => readonly StringShape[]): Clause => ({
      passes: () => [...otherTypes('string'), ...tidyEmpty([shape])],
      fails: () => tidyEmpty(others()),
    });
    const texts = (dfa: CharDfa): Clause =>
      text({ ...anyString, dfa }, () => [{ ...anyString, dfa: complementDfa(dfa) }]);

    for (const [keyword, value] of Object.entries(schema)) {
      switch (keyword) {
        case 'type':
          clauses.push(typeClause(value, refuse));
          break;
        case 'const':
          clauses.push(this.#equals([value], schema));
          break;
        case 'enum':
          clauses.push(
            this.#equals(Array.isArray(value) ? value : refuse('enum', 'expected a list'), schema),
          );
          break;
        case 'minimum':
          clauses.push(numeric(numbersAbove(number(value, keyword), schema['exclusiveMinimum'] === true)));
          break;
        case 'maximum':
          clauses.push(numeric(numbersBelow(number(value, keyword), schema['exclusiveMaximum'] === true)));
          break;
        case 'exclusiveMinimum':
          if (typeof value !== 'boolean') clauses.push(numeric(numbersAbove(number(value, keyword), true)));
          break;
        case 'exclusiveMaximum':
          if (typeof value !== 'boolean') clauses.push(numeric(numbersBelow(number(value, keyword), true)));
          break;
        case 'multipleOf': {
          const step = number(value, keyword);
          if (!(step > 0)) refuse(keyword, 'expected a positive number');
          clauses.push(numeric(multiplesOf(step, path)));
          break;
        }
        case shortNumbersOnly:
          clauses.push(numeric(shortNumber));
          break;
        case 'minLength': {
          const min = count(value, keyword);
          clauses.push(text({ ...anyString, min }, () => [{ ...anyString, max: min - 1 }]));
          break;
        }
        case 'maxLength': {
          const max = count(value, keyword);
          clauses.push(text({ ...anyString, max }, () => [{ ...anyString, min: max + 1 }]));
          break;
        }
        case 'pattern':
          clauses.push(texts(this.#pattern(value, path)));
          break;
        case 'format': {
          if (!this.#assertFormats || typeof value !== 'string') break;
          const dfa = formatDfa(value);
          if (dfa === 'unsupported') refuse(`format: ${value}`);
          else if (dfa !== undefined) clauses.push(texts(dfa));
          break;
        }
        case 'minItems': {
          const min = count(value, keyword);
          clauses.push({
            passes: () => [...otherTypes('array'), { ...anyArray, min }],
            fails: () => (min === 0 ? [] : [{ ...anyArray, max: min - 1 }]),
          });
          break;
        }
        case 'maxItems': {
          const max = count(value, keyword);
          clauses.push({
            passes: () => [...otherTypes('array'), { ...anyArray, max }],
            fails: () => [{ ...anyArray, min: max + 1 }],
          });
          break;
        }
        case 'uniqueItems':
          if (value === true)
            clauses.push({
              passes: () => [...otherTypes('array'), { ...anyArray, unique: true }],
              fails: () => refuse('uniqueItems', 'negated'),
            });
          else if (value !== false) refuse(keyword, 'expected a boolean');
          break;
        case 'minProperties': {
          const min = count(value, keyword);
          clauses.push({
            passes: () => [...otherTypes('object'), { ...anyObject, min }],
            fails: () => (min === 0 ? [] : [{ ...anyObject, max: min - 1 }]),
          });
          break;
        }
        case 'maxProperties': {
          const max = count(value, keyword);
          clauses.push({
            passes: () => [...otherTypes('object'), { ...anyObject, max }],
            fails: () => [{ ...anyObject, min: max + 1 }],
          });
          break;
        }
        case 'required': {
          if (typeof value === 'boolean') {
            if (value) refuse('required', 'a boolean, as in draft 3');
            break;
          }
          if (!Array.isArray(value) || value.some((name) => typeof name !== 'string'))
            refuse(keyword, 'expected names');
          const names = [...new Set(value as string[])];
          clauses.push({
            passes: () => [
              ...otherTypes('object'),
              { ...anyObject, needs: names.map((name) => ({ keys: { kind: 'name', name }, value: [] })) },
            ],
            fails: () =>
              names.map((name) => ({
                ...anyObject,
                rules: [{ keys: { kind: 'name', name }, value: this.of(false) }],
              })),
          });
          break;
        }
        case 'propertyNames': {
          const keys: KeySet = {
            kind: 'pattern',
            dfa: complementDfa(this.#stringsOf(this.of(sub(value, keyword)), path)),
          };
          clauses.push({
            passes: () => [
              ...otherTypes('object'),
              { ...anyObject, rules: [{ keys, value: this.of(false) }] },
            ],
            fails: () => [{ ...anyObject, needs: [{ keys, value: [] }] }],
          });
          break;
        }
        case 'dependentRequired':
        case 'dependentSchemas':
        case 'dependencies':
          for (const [name, needed] of map(value, keyword)) {
            const then = Array.isArray(needed) ? made({ required: needed }) : sub(needed, keyword);
            const absent = made({ properties: { [name]: false } });
            clauses.push(this.#any([absent, then]));
          }
          break;
        case 'allOf':
          for (const part of list(value, keyword)) clauses.push(this.#applied(part));
          break;
        case 'anyOf':
          clauses.push(this.#any(list(value, keyword)));
          break;
        case 'oneOf':
          clauses.push(this.#one(list(value, keyword), path));
          break;
        case 'not': {
          const inner = this.#applied(sub(value, keyword));
          clauses.push({ passes: () => inner.fails(), fails: () => inner.passes() });
          break;
        }
        case 'if': {
          if (!('then' in schema) && !('else' in schema)) break;
          const condition = this.of(sub(value, keyword));
          const negated = this.of(sub(value, keyword), false);
          const then = 'then' in schema ? sub(schema['then'], 'then') : true;
          const otherwise = 'else' in schema ? sub(schema['else'], 'else') : true;
          const either = (positive: boolean): Shape[] =>
            tidy(
              [
                ...this.#meetOf(condition, this.of(then, positive), path),
                ...this.#meetOf(negated, this.of(otherwise, positive), path),
              ],
              path,
            );
          clauses.push({ passes: () => either(true), fails: () => either(false) });
          break;
        }
        default: // annotations, definitions, and keywords that no draft knows
      }
    }
    if ('items' in schema || 'prefixItems' in schema) clauses.push(this.#items(schema, sub, list));
    if ('contains' in schema && draft !== '4')
      clauses.push(this.#contains(schema, sub(schema['contains'], 'contains'), count));
    if ('properties' in schema || 'patternProperties' in schema || 'additionalProperties' in schema)
      clauses.push(this.#properties(schema, map, sub, path));
    return clauses;
  }

  /** What a schema that passes has evaluated of an object or array; undefined where that depends on the value. */
  #evaluated(schema: SchemaNode, keyword: string, open: Set<object>): Evaluated | undefined {
    const found: Evaluated = { names: new Set(), patterns: [], prefix: 0, all: false };
    if (typeof schema === 'boolean') return found;
    if (open.has(schema)) return undefined;
    for (const conditional of [
      'anyOf',
      'oneOf',
      'if',
      'dependentSchemas',
      'dependencies',
      '$dynamicRef',
      '$recursiveRef',
    ])
      if (conditional in schema) return undefined;
    const inner = new Set([...open, schema]);
    const parts = Array.isArray(schema['allOf']) ? (schema['allOf'] as unknown[]).filter(isSchema) : [];
    if (typeof schema['$ref'] === 'string') parts.push(this.#resources.resolve(schema['$ref'], schema));
    for (const part of parts) {
      const more = this.#evaluated(part, keyword, inner);
      if (more === undefined) return undefined;
      for (const name of more.names) found.names.add(name);
      found.patterns.push(...more.patterns);
      found.prefix = Math.max(found.prefix, more.prefix);
      found.all ||= more.all;
    }
    const atRoot = open.size === 0;
    if (keyword === 'unevaluatedProperties') {
      for (const name of Object.keys((schema['properties'] as object | undefined) ?? {}))
        found.names.add(name);
      for (const pattern of Object.keys((schema['patternProperties'] as object | undefined) ?? {}))
        found.patterns.push(this.#pattern(pattern, ''));
      found.all ||= 'additionalProperties' in schema || (!atRoot && keyword in schema);
    } else {
      if ('contains' in schema) return undefined;
      for (const list of [schema['prefixItems'], schema['items']])
        if (Array.isArray(list)) found.prefix = Math.max(found.prefix, list.length);
      const rest = Array.isArray(schema['items']) ? 'additionalItems' : 'items';
      found.all ||= rest in schema || (!atRoot && keyword in schema);
    }
    return found;
  }

  // Without the memo of the whole conjunction, which would stay open while its parts are.
  #meetOf(a: Conjunction, b: Conjunction, path: string): Shape[] {
    const left = this.shapesOf(a);
    return left.length === 0 ? [] : meetAll(left, this.shapesOf(b), path);
  }

  #any(options: readonly SchemaNode[]): Clause {
    return {
      passes: () =>
        tidy(
          options.flatMap((option) => this.shapesOf(this.of(option))),
          '',
        ),
      fails: () =>
        options.reduce<readonly Shape[]>(
          (found, option) => meetAll(found, this.shapesOf(this.of(option, false)), ''),
          anyValue,
        ),
    };
  }

  #one(options: readonly SchemaNode[], path: string): Clause {
    const holds = options.map((option) => this.of(option));
    const lacks = options.map((option) => this.of(option, false));
    // Two schemas that plainly exclude each other need no negation.
    const apart = (i: number, j: number): boolean => this.#surelyEmpty(both(holds[i], holds[j]));
    return {
      passes: () =>
        tidy(
          options.flatMap((_, i) => {
            let shapes = this.shapesOf(holds[i]);
            for (let j = 0; j < options.length && shapes.length > 0; j++)
              if (j !== i && !apart(i, j)) shapes = meetAll(shapes, this.shapesOf(lacks[j]), path);
            return shapes;
          }),
          path,
        ),
      fails: () => {
        const none = lacks.reduce<readonly Shape[]>(
          (found, lack) => meetAll(found, this.shapesOf(lack), path),
          anyValue,
        );
        const two = options.flatMap((_, i) =>
          options.flatMap((__, j) => (j > i && !apart(i, j) ? this.#meetOf(holds[i], holds[j], path) : [])),
        );
        return tidy([...none, ...two], path);
      },
    };
  }

  #equals(values: readonly unknown[], from: Keywords): Clause {
    const strings = values.filter((v) => typeof v === 'string');
    const numbers = values.filter((v) => typeof v === 'number');
    const plain = values.filter((v) => v === null || typeof v === 'boolean').map((v) => String(v));
    const composites = values.filter((v) => typeof v === 'object' && v !== null);
    const exact = composites.map((value) => this.of(this.#made(exactly(value as object), from)));
    const inverse = composites.map((value) => this.of(this.#made(exactly(value as object), from), false));
    const stringSet = stringsDfa(strings.filter(isWellFormed));
    return {
      passes: () =>
        tidy(
          [
            ...anyValue.filter((shape) => plain.includes(shape.type)),
            ...(numbers.length > 0 ? [{ type: 'number', dfa: numbersEqual(numbers) } as Shape] : []),
            ...tidyEmpty([{ ...anyString, dfa: stringSet }]),
            ...exact.flatMap((c) => this.shapesOf(c)),
          ],
          '',
        ),
      fails: () =>
        inverse.reduce<readonly Shape[]>(
          (found, c) => meetAll(found, this.shapesOf(c), ''),
          anyValue.flatMap((shape): Shape[] => {
            if (plain.includes(shape.type)) return [];
            if (shape.type === 'number')
              return [
                {
                  type: 'number',
                  dfa: numbers.length === 0 ? anyNumber : otherNumbers(numbersEqual(numbers)),
                },
              ];
            if (shape.type === 'string') return [{ ...anyString, dfa: complementDfa(stringSet) }];
            return [shape];
          }),
        ),
    };
  }

  #pattern(value: unknown, path: string): CharDfa {
    if (typeof value !== 'string') throw new UnsupportedConstraintError('pattern', path, 'expected a string');
    try {
      return patternDfa(value);
    } catch (error) {
      if (error instanceof UnsupportedConstraintError)
        throw new UnsupportedConstraintError(error.keyword, path, error.message);
      throw new UnsupportedConstraintError('pattern', path, (error as Error).message);
    }
  }

  /** The strings that satisfy a schema, with lengths inside the automaton. */
  #stringsOf(conjunction: Conjunction, path: string): CharDfa {
    let all: CharDfa | undefined;
    for (const shape of this.shapesOf(conjunction)) {
      if (shape.type !== 'string') continue;
      if (shape.min > 2000 || (shape.max !== Infinity && shape.max > 2000))
        throw new UnsupportedConstraintError('propertyNames', path, 'length over 2000');
      const lengths = lengthDfa(shape.min, shape.max);
      const dfa = intersectDfa(shape.dfa, lengths);
      all = all === undefined ? dfa : uniteDfa(all, dfa);
    }
    return all ?? stringsDfa([]);
  }

  #items(
    schema: Keywords,
    sub: (value: unknown, keyword: string) => SchemaNode,
    list: (value: unknown, keyword: string) => SchemaNode[],
  ): Clause {
    let prefix: SchemaNode[] = [];
    let rest: SchemaNode = true;
    if (Array.isArray(schema['items'])) {
      prefix = list(schema['items'], 'items');
      if ('additionalItems' in schema) rest = sub(schema['additionalItems'], 'additionalItems');
    } else {
      if (Array.isArray(schema['prefixItems']) && this.#resources.draft !== '4')
        prefix = Number(this.#resources.draft) <= 7 ? [] : list(schema['prefixItems'], 'prefixItems');
      if ('items' in schema) rest = sub(schema['items'], 'items');
    }
    return {
      passes: () => [
        ...otherTypes('array'),
        { ...anyArray, prefix: prefix.map((item) => this.of(item)), rest: this.of(rest) },
      ],
      fails: () => {
        const wrong: Shape[] = prefix.flatMap((item, i): Shape[] => {
          if (item === true) return [];
          const before: Conjunction[] = Array.from({ length: i }, () => []);
          return [{ ...anyArray, prefix: [...before, this.of(item, false)], min: i + 1 }];
        });
        if (rest !== true)
          wrong.push({
            ...anyArray,
            min: prefix.length + 1,
            contains: [
              {
                from: prefix.length,
                value: this.of(rest, false),
                otherwise: this.of(rest),
                min: 1,
                max: Infinity,
              },
            ],
          });
        return wrong;
      },
    };
  }

  #contains(schema: Keywords, inner: SchemaNode, count: (value: unknown, keyword: string) => number): Clause {
    const modern = Number(this.#resources.draft) > 7 || this.#resources.draft.startsWith('20');
    const min = modern && 'minContains' in schema ? count(schema['minContains'], 'minContains') : 1;
    const max = modern && 'maxContains' in schema ? count(schema['maxContains'], 'maxContains') : Infinity;
    const counted = (least: number, most: number): Shape[] => {
      if (least > most) return [];
      if (most === 0) return [{ ...anyArray, rest: this.of(inner, false) }];
      if (least === 0 && most === Infinity) return [anyArray];
      const containment = {
        from: 0,
        value: this.of(inner),
        otherwise: this.of(inner, false),
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

  #properties(
    schema: Keywords,
    map: (value: unknown, keyword: string) => [string, unknown][],
    sub: (value: unknown, keyword: string) => SchemaNode,
    path: string,
  ): Clause {
    const named = 'properties' in schema ? map(schema['properties'], 'properties') : [];
    const patterns =
      'patternProperties' in schema ? map(schema['patternProperties'], 'patternProperties') : [];
    const rules: { keys: KeySet; schema: SchemaNode }[] = named.map(([name, value]) => ({
      keys: { kind: 'name', name },
      schema: sub(value, 'properties'),
    }));
    const dfas = patterns.map(([pattern, value]) => {
      const dfa = this.#pattern(pattern, `${path}/patternProperties`);
      rules.push({ keys: { kind: 'pattern', dfa }, schema: sub(value, 'patternProperties') });
      return dfa;
    });
    if ('additionalProperties' in schema)
      rules.push({
        keys: { kind: 'except', names: named.map(([name]) => name), patterns: dfas },
        schema: sub(schema['additionalProperties'], 'additionalProperties'),
      });
    return {
      passes: () => [
        ...otherTypes('object'),
        {
          ...anyObject,
          rules: rules
            .filter((r) => r.schema !== true)
            .map((r) => ({ keys: r.keys, value: this.of(r.schema) })),
          order: named.map(([name]) => name),
        },
      ],
      fails: () =>
        rules
          .filter((r) => r.schema !== true)
          .map((r) => ({ ...anyObject, needs: [{ keys: r.keys, value: this.of(r.schema, false) }] })),
    };
  }
}

function tidyEmpty<S extends Shape>(shapes: readonly S[]): S[] {
  return shapes.filter((shape) => {
    if (shape.type === 'number') return shape.dfa.starts.length > 0;
    if (shape.type === 'string')
      return shape.min <= shape.max && boundedAutomaton(shape.dfa, shape.min, shape.max).start >= 0;
    return true;
  });
}

/** Whether the key is of the set. */
export function hasKey(keys: KeySet, name: string): boolean {
  const matches = (dfa: CharDfa): boolean => intersectsText(dfa, name);
  if (keys.kind === 'name') return keys.name === name;
  if (keys.kind === 'pattern') return matches(keys.dfa);
  return !keys.names.includes(name) && !keys.patterns.some(matches);
}

function intersectsText(dfa: CharDfa, text: string): boolean {
  const automaton = boundedAutomaton(dfa);
  let state = automaton.start;
  for (const char of text) {
    if (state < 0) return false;
    state = automaton.step(state, char.codePointAt(0) as number);
  }
  return state >= 0 && automaton.accepting(state);
}

function lengthDfa(min: number, max: number): CharDfa {
  if (min === 0 && max === Infinity) return allStrings;
  return regexDfa({ kind: 'repeat', item: { kind: 'chars', ranges: anyChar }, min, max });
}

function typeClause(value: unknown, refuse: (keyword: string, reason?: string) => never): Clause {
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
        return refuse('type: any');
      default:
        return refuse('type', `unknown type ${JSON.stringify(name)}`);
    }
  const onlyIntegers = integersOnly && !types.has('number');
  return {
    passes: () => [
      ...anyValue.filter((shape) => types.has(shape.type)),
      ...(onlyIntegers ? [{ type: 'number', dfa: integers } as const] : []),
    ],
    fails: () => [
      ...anyValue.filter((shape) => !types.has(shape.type) && !(onlyIntegers && shape.type === 'number')),
      ...(onlyIntegers ? [{ type: 'number', dfa: otherNumbers(integers) } as const] : []),
    ],
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
