// Raw text of an XML-like parameter -> the value its schema asks for (rule 12). A string stays exactly as written; a number must be a
// whole numeral; objects and lists are read as JSON, or as a Python literal because several templates print dicts with str(). What fits
// nothing stays text, so that validation can name it. Order for unions: null, integer, number, boolean, object, array, string (vLLM's).
import { isObject, type Json, parseJson, toNumber } from '../json.ts';
import { parseLiteral } from './lenient-literal.ts';
import { type JsonSchema, resolveSchema } from './tool-signature.ts';

const order = ['null', 'integer', 'number', 'boolean', 'object', 'array', 'string'] as const;
/** A type of JSON Schema. */
export type TypeName = (typeof order)[number];

/** The value of `raw` under `schema`; `root` resolves `$ref`. */
export function typeBySchema(raw: string, schema: JsonSchema, root: JsonSchema = schema): Json {
  const types = typesOf(schema as Json, root, 0);
  if (types.size === 0) return untyped(raw);
  for (const type of order) {
    if (!types.has(type)) continue;
    const value = readAs(type, raw);
    if (value !== undefined) return value;
  }
  return raw;
}

/** True when a schema says what type a value has. */
export function saysType(schema: JsonSchema, root: JsonSchema = schema): boolean {
  return typesOf(schema as Json, root, 0).size > 0;
}

/** True when a schema admits strings and nothing else. */
export function takesOnlyText(schema: JsonSchema, root: JsonSchema = schema): boolean {
  const types = typesOf(schema as Json, root, 0);
  return types.size === 1 && types.has('string');
}

/** The types a schema admits; empty when it says nothing. */
export function admittedTypes(schema: JsonSchema, root: JsonSchema = schema): ReadonlySet<TypeName> {
  return typesOf(schema as Json, root, 0);
}

/** The raw texts that {@link typeBySchema} reads as a value of a type, as a pattern; those of objects and lists with more than these. */
export const readAsType: Readonly<Record<Exclude<TypeName, 'string'>, string>> = {
  null: '^\\s*(null|None)\\s*$',
  integer: '^\\s*[+-]?\\d+(\\.0+)?\\s*$',
  number: '^\\s*[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?\\s*$',
  boolean: '^\\s*(true|True|TRUE|false|False|FALSE)\\s*$',
  object: '^\\s*\\{',
  array: '^\\s*[\\[(]',
};

function readAs(type: TypeName, raw: string): Json | undefined {
  const text = raw.trim();
  switch (type) {
    case 'null':
      return text === 'null' || text === 'None' ? null : undefined;
    case 'integer':
      if (/^[+-]?\d+$/.test(text)) return toNumber(text.replace(/^\+/, '').replace(/^(-?)0+(?=\d)/, '$1'));
      return /^[+-]?\d+\.0+$/.test(text) ? Number(text) : undefined;
    case 'number':
      return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? toNumber(text) : undefined;
    case 'boolean':
      return /^(?:true|True|TRUE)$/.test(text)
        ? true
        : /^(?:false|False|FALSE)$/.test(text)
          ? false
          : undefined;
    case 'object':
    case 'array': {
      const value = structure(text);
      return (type === 'object' ? isObject(value) : Array.isArray(value)) ? value : undefined;
    }
    case 'string':
      return raw;
  }
}

const structure = (text: string): Json | undefined => {
  for (const read of [parseJson, parseLiteral])
    try {
      return read(text);
    } catch {
      // The next reading, or none.
    }
  return undefined;
};

/** Without a type: JSON when it is JSON and no string, a text in quotes that would be something else without them, else the text itself. */
function untyped(raw: string): Json {
  try {
    const value = parseJson(raw);
    return typeof value === 'string' && untyped(value) === value ? raw : value;
  } catch {
    return raw;
  }
}

/** A string written so that {@link typeBySchema} reads it back where a schema says no type. */
export function untypedText(text: string): string {
  return untyped(text) === text ? text : JSON.stringify(text);
}

/** The types a schema admits; empty when it says nothing. */
function typesOf(given: Json, root: JsonSchema, depth: number): Set<TypeName> {
  const schema = resolveSchema(given, root);
  const out = new Set<TypeName>();
  const type = schema['type'];
  for (const name of typeof type === 'string' ? [type] : Array.isArray(type) ? type : []) {
    const known = alias[String(name).toLowerCase()];
    if (known) out.add(known);
  }
  const values = Array.isArray(schema['enum'])
    ? schema['enum']
    : 'const' in schema
      ? [schema['const'] as Json]
      : [];
  if (out.size === 0) for (const value of values) out.add(typeOf(value));
  if (out.size === 0 && depth < 8)
    for (const key of ['anyOf', 'oneOf', 'allOf'])
      for (const branch of Array.isArray(schema[key]) ? (schema[key] as readonly Json[]) : [])
        for (const name of typesOf(branch, root, depth + 1)) out.add(name);
  if (out.size === 0 && isObject(schema['properties'])) out.add('object');
  if (out.size === 0 && schema['items'] !== undefined) out.add('array');
  return out;
}

// Names that tool lists in the wild use for JSON Schema's types.
const alias: Readonly<Record<string, TypeName | undefined>> = {
  null: 'null',
  integer: 'integer',
  int: 'integer',
  long: 'integer',
  number: 'number',
  float: 'number',
  double: 'number',
  boolean: 'boolean',
  bool: 'boolean',
  object: 'object',
  dict: 'object',
  array: 'array',
  list: 'array',
  tuple: 'array',
  string: 'string',
  str: 'string',
};

/** The narrowest type of JSON Schema that a value has. */
export const typeOf = (value: Json): TypeName =>
  value === null
    ? 'null'
    : Array.isArray(value)
      ? 'array'
      : typeof value === 'bigint' || Number.isInteger(value)
        ? 'integer'
        : ((typeof value === 'object' ? 'object' : typeof value) as TypeName);
