// What every dress of arguments is made of: the declared properties of a plain object, texts that are read as a value, and items one behind the other.
import {
  type Composition,
  compose,
  jsonSchema,
  UnsatisfiableConstraintError,
  UnsupportedConstraintError,
} from '@ashlar/sampling/constraints';
import { resolveSchema, type ToolSignature } from '../formats/tool-signature.ts';
import { admittedTypes, readAsType, type TypeName } from '../formats/type-by-schema.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';

/** Keywords of a whole object, which only JSON can be held to. */
export const objectKeywords = [
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
export function objectSchema(parameters: ToolSignature['parameters']): JsonObject {
  if (!isObject(parameters)) return { type: 'object' };
  const typed: JsonObject = parameters['type'] === undefined ? { ...parameters, type: 'object' } : parameters;
  const open = objectKeywords.some((key) => key in typed) || 'additionalProperties' in typed;
  return open || !isObject(typed['properties']) ? typed : { ...typed, additionalProperties: false };
}

/** A declared property. */
export interface Property {
  readonly key: string;
  readonly schema: JsonObject;
  readonly required: boolean;
}
/** The declared properties of a plain object schema, in order. */
export function propertiesOf(schema: JsonObject, root: JsonObject = schema): Property[] {
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
/** A keyword that a dress cannot say. */
export const unsupported = (keyword: string, reason: string): UnsupportedConstraintError =>
  new UnsupportedConstraintError(keyword, '', reason);

/** What a schema taken out of its root needs for its references. */
export const sharedOf = (root: JsonObject): JsonObject =>
  Object.fromEntries(
    ['$defs', 'definitions'].filter((key) => key in root).map((key) => [key, root[key] as Json]),
  );
/**
 * The raw texts that are read as values of a schema: its strings as they stand (but for those that would be read as a value of another type it
 * admits), and its other values as JSON. `within` is the pattern of texts that the dress can hold; `exact`: strings are told from others by the dress.
 */
export function rawValue(schema: JsonObject, root: JsonObject, within: string, exact = false): Composition {
  const types = admittedTypes(schema, root);
  const shared = sharedOf(root);
  if (types.size === 0) return untypedValue(schema, shared, within);
  if (!types.has('string')) return jsonSchema({ ...shared, ...schema });
  const others = [...types].filter((type): type is Exclude<TypeName, 'string'> => type !== 'string');
  const readOtherwise = exact ? [] : others.map((type): Json => ({ not: { pattern: readAsType[type] } }));
  const strings: Composition = { strings: { ...shared, allOf: [schema, ...readOtherwise] }, within };
  if (others.length === 0) return strings;
  return { choice: [strings, jsonSchema({ ...shared, allOf: [schema, { not: { type: 'string' } }] })] };
}

// What begins so may be read as JSON where a schema says no type.
const maybeJson = '^\\s*(?:[\\[{"\\-\\d]|true|false|null)';
/** Values of a schema without a type: its other values as JSON, and its strings but for those that might be read as JSON. */
function untypedValue(schema: JsonObject, shared: JsonObject, within: string): Composition {
  if (Object.keys(schema).every((key) => annotations.has(key))) return { regex: within };
  const ways: Composition[] = [];
  const strings = { allOf: [schema, { type: 'string' }, { not: { pattern: maybeJson } }], ...shared };
  for (const way of [
    { strings, within },
    jsonSchemaOr({ ...shared, allOf: [schema, { not: { type: 'string' } }] }),
  ])
    if (way !== undefined && isPossible(way)) ways.push(way);
  if (ways.length === 0) throw new UnsatisfiableConstraintError();
  return { choice: ways };
}
/** Keywords that say nothing of which values there are. */
export const annotations: ReadonlySet<string> = new Set([
  '$comment',
  'default',
  'deprecated',
  'description',
  'examples',
  'readOnly',
  'title',
  'writeOnly',
]);
function jsonSchemaOr(schema: JsonObject): Composition | undefined {
  try {
    return jsonSchema(schema);
  } catch (error) {
    if (error instanceof UnsatisfiableConstraintError) return undefined;
    throw error;
  }
}
function isPossible(what: Composition): boolean {
  try {
    compose(what);
    return true;
  } catch (error) {
    if (error instanceof UnsatisfiableConstraintError) return false;
    throw error;
  }
}

/** Items one behind the other, the required ones always, with `comma` between those that are there. */
export function listed(
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
