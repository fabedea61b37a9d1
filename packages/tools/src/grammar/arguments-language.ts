// The texts of a call's arguments that satisfy a tool's schema, in the dress a format gives arguments: JSON, Python's keywords, one tagged
// parameter after another, Gemma's quoting, or the main argument alone. What a dress cannot say exactly (a pattern on raw text, alternatives
// of whole objects) is refused by name, never let through.
import { type Composition, jsonSchema, UnsupportedConstraintError } from '@ashlar/sampling/constraints';
import type { ToolFormat } from '../formats/format.ts';
import { mainParameter, resolveSchema, type ToolSignature } from '../formats/tool-signature.ts';
import { saysType, takesOnlyText } from '../formats/type-by-schema.ts';
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

/** A value as JSON under its own schema, its references resolved against the root. */
const jsonValue = (schema: JsonObject, root: JsonObject): Composition => {
  const shared = Object.fromEntries(
    ['$defs', 'definitions'].filter((key) => key in root).map((key) => [key, root[key] as Json]),
  );
  return jsonSchema({ ...shared, ...schema });
};

/** What a string schema without further demands may say in raw text; undefined when it is no such schema. */
function plainText(schema: JsonObject, root: JsonObject, free: string): Composition | undefined {
  if (!takesOnlyText(schema, root)) return undefined;
  const values = Array.isArray(schema['enum'])
    ? schema['enum']
    : 'const' in schema
      ? [schema['const']]
      : undefined;
  if (values !== undefined) return { choice: values.map(String) };
  const demand = ['pattern', 'minLength', 'maxLength', 'format', 'anyOf', 'oneOf', 'allOf', 'not'].find(
    (key) => key in schema,
  );
  if (demand !== undefined) throw unsupported(demand, 'on text that is not written as JSON');
  return { regex: free };
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
    // Not blank, for it is trimmed; no brace in front, for that would be an object.
    const { minLength, maxLength, ...rest } = own.schema;
    const most = Math.min(longestBare, typeof maxLength === 'number' ? maxLength : longestBare);
    const least = typeof minLength === 'number' ? minLength : 1;
    if (most < 2 || least > most) return jsonSchema(schema);
    const long = `[^|\\s{][^|\\n]{${Math.max(0, least - 2)},${most - 2}}[^|\\s]`;
    const bare =
      plainText(rest, schema, least > 1 ? long : `${long}|[^|\\s{]`) ?? jsonValue(own.schema, schema);
    return properties.length === 1 ? bare : { choice: [bare, jsonSchema(schema)] };
  } catch (error) {
    if (error instanceof UnsupportedConstraintError) return jsonSchema(schema);
    throw error;
  }
}

function tagged({ key, schema: own, required }: Property, root: JsonObject, render: Dress): Composition {
  const [open = '', close = ''] = (render.parameter ?? '').replaceAll('{key}', key).split('{value}');
  const value = plainText(own, root, '(?:[^<\\r]|<[^/<\\r])*') ?? typedValue(own, root);
  const text: Composition = { sequence: [open, value, close] };
  return required ? text : { repeat: text, max: 1 };
}

/** A value that raw text says by its type; strings among its types would be ambiguous. */
function typedValue(schema: JsonObject, root: JsonObject): Composition {
  if (!saysType(schema, root)) throw unsupported('type', 'missing, on a value that is not written as JSON');
  const types = JSON.stringify([
    schema['type'],
    schema['anyOf'],
    schema['oneOf'],
    schema['enum'],
    schema['const'],
  ]);
  if (/"string"/.test(types) || 'enum' in schema || 'const' in schema)
    throw unsupported('type', 'text among other types on a value that is not written as JSON');
  return jsonValue(schema, root);
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
  const text = plainText(schema, root, '(?:[^<]|<[^|<])*');
  if (text !== undefined) return { sequence: [gemmaQuote, text, gemmaQuote] };
  if (schema['type'] === 'object') return gemmaObject(objectSchema(schema), root);
  if (schema['type'] === 'array') {
    const demand = ['minItems', 'maxItems', 'uniqueItems', 'prefixItems', 'contains'].find(
      (key) => key in schema,
    );
    if (demand !== undefined || !isObject(schema['items']))
      throw unsupported(demand ?? 'items', 'in a list that is not written as JSON');
    const item = gemmaValue(resolveSchema(schema['items'], root), root);
    return { choice: ['[]', { sequence: ['[', item, { repeat: { sequence: [',', item] } }, ']'] }] };
  }
  return typedValue(schema, root);
}
