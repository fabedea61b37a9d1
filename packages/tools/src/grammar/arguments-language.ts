// The texts of a call's arguments that satisfy a tool's schema, in the dress a format gives arguments: JSON, Python's keywords, one tagged
// parameter after another, Gemma's quoting, or the main argument alone. Strings keep their patterns, lengths and formats in every dress. What a
// dress cannot say exactly (alternatives of whole objects, a value of no type) is refused by name, never let through.
import {
  type Composition,
  compose,
  jsonSchema,
  UnsatisfiableConstraintError,
  UnsupportedConstraintError,
} from '@ashlar/sampling/constraints';
import type { ToolFormat } from '../formats/format.ts';
import { mainParameter, resolveSchema, type ToolSignature } from '../formats/tool-signature.ts';
import { admittedTypes, readAsType, type TypeName } from '../formats/type-by-schema.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';

type Dress = ToolFormat['render'];

/** The language of a tool's arguments as `render` writes them. @throws UnsupportedConstraintError, UnsatisfiableConstraintError */
export function argumentsLanguage(tool: ToolSignature, render: Dress): Composition {
  const schema = bounded(objectSchema(tool.parameters)) as JsonObject;
  switch (render.args) {
    case 'json':
      return jsonSchema(schema);
    case 'main':
      return mainLanguage(schema, mainParameter(tool.parameters));
    case 'parameters':
      return { sequence: propertiesOf(schema).map((property) => tagged(property, schema, render)) };
    case 'python':
      return listed(
        propertiesOf(schema).map(({ key, schema: own, required }) => ({
          required,
          text: { sequence: [`${key}=`, pythonValue(own, schema)] },
        })),
        ', ',
      );
    case 'gemma':
      return gemmaObject(schema, schema);
  }
}

const objectKeywords = [
  'allOf',
  'anyOf',
  'oneOf',
  'not',
  'if',
  '$ref',
  '$dynamicRef',
  'patternProperties',
  'propertyNames',
  'dependentRequired',
  'dependentSchemas',
  'dependencies',
  'unevaluatedProperties',
];

/** The schema of an arguments object: an object, with no properties beyond those it declares unless it says otherwise. */
function objectSchema(parameters: ToolSignature['parameters']): JsonObject {
  if (!isObject(parameters)) return { type: 'object' };
  const typed: JsonObject = parameters['type'] === undefined ? { ...parameters, type: 'object' } : parameters;
  const open = objectKeywords.some((key) => key in typed) || 'additionalProperties' in typed;
  return open || !isObject(typed['properties']) ? typed : { ...typed, additionalProperties: false };
}

/** Integers without bounds kept to those that a double holds: else `1e999` would satisfy a schema as text and be none as a value. */
function bounded(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(bounded);
  if (!isObject(schema)) return schema;
  const data = ['enum', 'const', 'default', 'examples'];
  const out = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, data.includes(key) ? value : bounded(value)]),
  );
  const free = !['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'].some((key) => key in out);
  return out['type'] === 'integer' && free
    ? { ...out, minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }
    : out;
}

interface Property {
  readonly key: string;
  readonly schema: JsonObject;
  readonly required: boolean;
}
/** The declared properties of a plain object schema, in order. */
function propertiesOf(schema: JsonObject, root: JsonObject = schema): Property[] {
  const refused = [...objectKeywords, 'minProperties', 'maxProperties'].find((key) => key in schema);
  if (refused !== undefined) throw unsupported(refused, 'in arguments that are not written as JSON');
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  const properties = isObject(schema['properties']) ? schema['properties'] : {};
  const undeclared = required.find((key) => !Object.hasOwn(properties, String(key)));
  if (undeclared !== undefined) throw unsupported('required', `${String(undeclared)} is not declared`);
  return Object.entries(properties).map(([key, given]) => ({
    key,
    schema: resolveSchema(given, root),
    required: required.includes(key),
  }));
}
const unsupported = (keyword: string, reason: string): UnsupportedConstraintError =>
  new UnsupportedConstraintError(keyword, '', reason);

/** What a schema taken out of its root needs for its references. */
const sharedOf = (root: JsonObject): JsonObject =>
  Object.fromEntries(
    ['$defs', 'definitions'].filter((key) => key in root).map((key) => [key, root[key] as Json]),
  );
/** A value as JSON under its own schema, its references resolved against the root. */
const jsonValue = (schema: JsonObject, root: JsonObject): Composition =>
  jsonSchema({ ...sharedOf(root), ...schema });

/**
 * The raw texts that are read as values of a schema: its strings as they stand (but for those that would be read as a value of another type it
 * admits), and its other values as JSON. `within` is the pattern of texts that the dress can hold; `exact`: strings are told from others by the dress.
 */
function rawValue(schema: JsonObject, root: JsonObject, within: string, exact = false): Composition {
  const types = admittedTypes(schema, root);
  if (types.size === 0) throw unsupported('type', 'missing, on a value that is not written as JSON');
  const shared = sharedOf(root);
  if (!types.has('string')) return jsonSchema({ ...shared, ...schema });
  const others = [...types].filter((type): type is Exclude<TypeName, 'string'> => type !== 'string');
  const readOtherwise = exact ? [] : others.map((type): Json => ({ not: { pattern: readAsType[type] } }));
  const strings: Composition = { strings: { ...shared, allOf: [schema, ...readOtherwise] }, within };
  if (others.length === 0) return strings;
  return { choice: [strings, jsonSchema({ ...shared, allOf: [schema, { not: { type: 'string' } }] })] };
}

const longestBare = 256;

/** The main argument by itself where that says all that is required, and an object where there is more to say. */
function mainLanguage(schema: JsonObject, main: string): Composition {
  try {
    const properties = propertiesOf(schema);
    if (properties.length === 0) return { choice: ['', jsonSchema(schema)] };
    const own = properties.find(({ key }) => key === main);
    if (own === undefined || properties.some(({ key, required }) => required && key !== main))
      return jsonSchema(schema);
    // Not blank, for it is trimmed; no brace in front, for that would be an object; a call in mid-sentence is short.
    const bare = rawValue(own.schema, schema, `[^|\\s{][^|\\n]{0,${longestBare - 2}}[^|\\s]|[^|\\s{]`);
    compose(bare);
    return properties.length === 1 ? bare : { choice: [bare, jsonSchema(schema)] };
  } catch (error) {
    if (error instanceof UnsupportedConstraintError || error instanceof UnsatisfiableConstraintError)
      return jsonSchema(schema);
    throw error;
  }
}

function tagged({ key, schema: own, required }: Property, root: JsonObject, render: Dress): Composition {
  const [open = '', close = ''] = (render.parameter ?? '').replaceAll('{key}', key).split('{value}');
  const text: Composition = { sequence: [open, rawValue(own, root, '(?:[^<\\r]|<[^/<\\r])*'), close] };
  return required ? text : { repeat: text, max: 1 };
}

function pythonValue(schema: JsonObject, root: JsonObject): Composition {
  if (schema['type'] === 'boolean' && !('enum' in schema) && !('const' in schema))
    return { choice: ['True', 'False'] };
  return jsonValue(schema, root);
}

/** Items one behind the other, the required ones always, with `comma` between those that are there. */
function listed(
  items: readonly { readonly required: boolean; readonly text: Composition }[],
  comma: string,
): Composition {
  const rest = (from: number): Composition[] =>
    items.slice(from).map(({ required, text }) => {
      const next: Composition = { sequence: [comma, text] };
      return required ? next : { repeat: next, max: 1 };
    });
  const ways: Composition[] = [];
  for (const [i, { required, text }] of items.entries()) {
    ways.push({ sequence: [text, ...rest(i + 1)] });
    if (required) return { choice: ways };
  }
  return { choice: ['', ...ways] };
}

const gemmaQuote = '<|"|>';
function gemmaObject(schema: JsonObject, root: JsonObject): Composition {
  const items = propertiesOf(schema, root).map(({ key, schema: own, required }) => ({
    required,
    text: {
      sequence: [`${/^\w+$/.test(key) ? key : gemmaQuote + key + gemmaQuote}:`, gemmaValue(own, root)],
    },
  }));
  return { sequence: ['{', listed(items, ','), '}'] };
}
function gemmaValue(schema: JsonObject, root: JsonObject): Composition {
  const types = admittedTypes(schema, root);
  if (types.has('object') || types.has('array')) {
    if (types.size > 1)
      throw unsupported('type', 'objects or lists among other types in a value that is not written as JSON');
    return types.has('object') ? gemmaObject(objectSchema(schema), root) : gemmaList(schema, root);
  }
  if (!types.has('string')) return rawValue(schema, root, '');
  const quoted = (what: Composition): Composition => ({ sequence: [gemmaQuote, what, gemmaQuote] });
  const strings: Composition = { strings: { ...sharedOf(root), ...schema }, within: '(?:[^<]|<[^|<])*' };
  if (types.size === 1) return quoted(strings);
  return {
    choice: [
      quoted(strings),
      jsonSchema({ ...sharedOf(root), allOf: [schema, { not: { type: 'string' } }] }),
    ],
  };
}
function gemmaList(schema: JsonObject, root: JsonObject): Composition {
  const refused = [
    'uniqueItems',
    'prefixItems',
    'contains',
    'unevaluatedItems',
    'enum',
    'const',
    ...objectKeywords,
  ].find((key) => key in schema);
  if (refused !== undefined || !isObject(schema['items']))
    throw unsupported(refused ?? 'items', 'in a list that is not written as JSON');
  const { minItems, maxItems } = schema;
  const least = typeof minItems === 'number' ? minItems : 0;
  const most = typeof maxItems === 'number' ? maxItems : Number.POSITIVE_INFINITY;
  if (most < least) throw new UnsatisfiableConstraintError('minItems: expected at most maxItems');
  if (most === 0) return '[]';
  const item = gemmaValue(resolveSchema(schema['items'], root), root);
  const more: Composition = { repeat: { sequence: [',', item] }, min: Math.max(0, least - 1), max: most - 1 };
  const some: Composition = { sequence: ['[', item, ...(most === 1 ? [] : [more]), ']'] };
  return least === 0 ? { choice: ['[]', some] } : some;
}
