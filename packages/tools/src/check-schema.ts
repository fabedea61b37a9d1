// Does a value satisfy a JSON Schema? The draft-07 / 2020-12 subset that tools use, interpreted (no code generation, so it runs under a
// content security policy), without coercion (rule 14). Messages name the path, so that a model can correct itself. Unknown keywords are
// annotations, as in the specification.

import { type JsonSchema, resolveSchema } from './formats/tool-signature.ts';
import { canonicalJson, isObject, type Json, type JsonObject } from './json.ts';

const maxErrors = 8;

/**
 * What is wrong with `value` under `schema`: one line a fault, at most 8; empty when it fits.
 *
 * @example
 * ```ts
 * import { checkSchema } from '@ashlar/tools';
 * checkSchema({ n: '3' }, { type: 'object', properties: { n: { type: 'integer' } } }) // => ['n: expected integer, got string']
 * ```
 */
export function checkSchema(value: Json, schema: JsonSchema): string[] {
  const errors: string[] = [];
  walk(value, schema as Json, schema, '', errors, 0);
  return errors.slice(0, maxErrors);
}

const typeOf = (v: Json): string =>
  v === null ? 'null' : Array.isArray(v) ? 'array' : typeof v === 'bigint' ? 'integer' : typeof v;
const isType = (v: Json, type: string): boolean => {
  switch (type) {
    case 'integer':
      return typeof v === 'bigint' || (typeof v === 'number' && Number.isInteger(v));
    case 'number':
      return typeof v === 'bigint' || typeof v === 'number';
    default:
      return typeOf(v) === type;
  }
};

function walk(
  value: Json,
  given: Json,
  root: JsonSchema,
  path: string,
  errors: string[],
  depth: number,
): void {
  if (errors.length >= maxErrors) return;
  const at = path === '' ? 'arguments' : path;
  if (given === false) {
    errors.push(`${at}: not allowed`);
    return;
  }
  if (!isObject(given)) return;
  if (depth > 64) {
    errors.push(`${at}: nested too deep`);
    return;
  }
  const schema = resolveSchema(given, root);
  const types =
    typeof schema['type'] === 'string'
      ? [schema['type']]
      : Array.isArray(schema['type'])
        ? schema['type'].map(String)
        : [];
  if (types.length > 0 && !types.some((t) => isType(value, t))) {
    errors.push(`${at}: expected ${types.join(' or ')}, got ${typeOf(value)}`);
    return;
  }
  const same = (a: Json): boolean => canonicalJson(a) === canonicalJson(value);
  if (Array.isArray(schema['enum']) && !schema['enum'].some(same))
    errors.push(
      `${at}: expected one of ${schema['enum']
        .slice(0, 20)
        .map((v) => canonicalJson(v as Json))
        .join(', ')}`,
    );
  if ('const' in schema && !same(schema['const'] as Json))
    errors.push(`${at}: expected ${canonicalJson(schema['const'] as Json)}`);
  if (typeof value === 'string') checkString(value, schema, at, errors);
  if (typeof value === 'number' || typeof value === 'bigint') checkNumber(Number(value), schema, at, errors);
  if (Array.isArray(value)) checkList(value, schema, root, path, errors, depth);
  else if (isObject(value)) checkObject(value, schema, root, path, errors, depth);
  for (const branch of list(schema['allOf'])) walk(value, branch, root, path, errors, depth + 1);
  const fits = (branch: Json): boolean => {
    const inner: string[] = [];
    walk(value, branch, root, path, inner, depth + 1);
    return inner.length === 0;
  };
  if (schema['anyOf'] !== undefined && !list(schema['anyOf']).some(fits))
    errors.push(`${at}: fits none of the alternatives`);
  if (schema['oneOf'] !== undefined) {
    const n = list(schema['oneOf']).filter(fits).length;
    if (n !== 1) errors.push(`${at}: fits ${n} of the alternatives, expected exactly one`);
  }
  if (schema['not'] !== undefined && fits(schema['not'])) errors.push(`${at}: not allowed`);
}

const list = (v: Json | undefined): readonly Json[] => (Array.isArray(v) ? v : []);
const number = (v: Json | undefined): number | undefined => (typeof v === 'number' ? v : undefined);

function checkString(value: string, schema: JsonObject, at: string, errors: string[]): void {
  const length = [...value].length;
  const min = number(schema['minLength']);
  const max = number(schema['maxLength']);
  if (min !== undefined && length < min)
    errors.push(`${at}: expected at least ${min} characters, got ${length}`);
  if (max !== undefined && length > max)
    errors.push(`${at}: expected at most ${max} characters, got ${length}`);
  const pattern = schema['pattern'];
  if (typeof pattern === 'string' && !new RegExp(pattern, 'u').test(value))
    errors.push(`${at}: does not match ${pattern}`);
}

function checkNumber(value: number, schema: JsonObject, at: string, errors: string[]): void {
  const min = number(schema['minimum']);
  const max = number(schema['maximum']);
  const above = number(schema['exclusiveMinimum']);
  const below = number(schema['exclusiveMaximum']);
  const step = number(schema['multipleOf']);
  if (min !== undefined && value < min) errors.push(`${at}: expected >= ${min}, got ${value}`);
  if (max !== undefined && value > max) errors.push(`${at}: expected <= ${max}, got ${value}`);
  if (above !== undefined && value <= above) errors.push(`${at}: expected > ${above}, got ${value}`);
  if (below !== undefined && value >= below) errors.push(`${at}: expected < ${below}, got ${value}`);
  if (step !== undefined && step > 0 && Math.abs(value / step - Math.round(value / step)) > 1e-9)
    errors.push(`${at}: expected a multiple of ${step}, got ${value}`);
}

function checkList(
  value: readonly Json[],
  schema: JsonObject,
  root: JsonSchema,
  path: string,
  errors: string[],
  depth: number,
): void {
  const at = path === '' ? 'arguments' : path;
  const min = number(schema['minItems']);
  const max = number(schema['maxItems']);
  if (min !== undefined && value.length < min)
    errors.push(`${at}: expected at least ${min} items, got ${value.length}`);
  if (max !== undefined && value.length > max)
    errors.push(`${at}: expected at most ${max} items, got ${value.length}`);
  if (schema['uniqueItems'] === true && new Set(value.map(canonicalJson)).size < value.length)
    errors.push(`${at}: items repeat`);
  const prefix = list(schema['prefixItems']);
  for (const [i, item] of value.entries()) {
    const branch = prefix[i] ?? schema['items'];
    if (branch !== undefined && !Array.isArray(branch))
      walk(item, branch as Json, root, `${path}[${i}]`, errors, depth + 1);
  }
}

function checkObject(
  value: JsonObject,
  schema: JsonObject,
  root: JsonSchema,
  path: string,
  errors: string[],
  depth: number,
): void {
  const at = path === '' ? 'arguments' : path;
  const below = (key: string): string => (path === '' ? key : `${path}.${key}`);
  for (const key of list(schema['required']))
    if (typeof key === 'string' && !Object.hasOwn(value, key)) errors.push(`${below(key)}: missing`);
  const properties = isObject(schema['properties']) ? schema['properties'] : {};
  const patterns = isObject(schema['patternProperties']) ? Object.entries(schema['patternProperties']) : [];
  for (const [key, item] of Object.entries(value)) {
    let known = false;
    if (Object.hasOwn(properties, key)) {
      known = true;
      walk(item, properties[key] as Json, root, below(key), errors, depth + 1);
    }
    for (const [pattern, branch] of patterns)
      if (new RegExp(pattern, 'u').test(key)) {
        known = true;
        walk(item, branch, root, below(key), errors, depth + 1);
      }
    const rest = schema['additionalProperties'];
    if (!known && rest === false) errors.push(`${below(key)}: unknown property of ${at}`);
    else if (!known && rest !== undefined) walk(item, rest, root, below(key), errors, depth + 1);
  }
  const count = Object.keys(value).length;
  const min = number(schema['minProperties']);
  const max = number(schema['maxProperties']);
  if (min !== undefined && count < min)
    errors.push(`${at}: expected at least ${min} properties, got ${count}`);
  if (max !== undefined && count > max)
    errors.push(`${at}: expected at most ${max} properties, got ${count}`);
}
