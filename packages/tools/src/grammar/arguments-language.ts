// The texts of a call's arguments that satisfy a tool's schema, in the dress a format gives arguments: JSON, Python's keywords, one tagged
// parameter after another, Gemma's quoting, or the main argument alone. Strings keep their patterns, lengths and formats in every dress. What a
// dress cannot say exactly (alternatives of whole objects) is refused by name, never let through.
import {
  type Composition,
  compose,
  jsonSchema,
  UnsatisfiableConstraintError,
  UnsupportedConstraintError,
} from '@ashlar/sampling/constraints';
import type { ToolFormat } from '../formats/format.ts';
import { mainParameter, type ToolSignature } from '../formats/tool-signature.ts';
import { admittedTypes } from '../formats/type-by-schema.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';
import { gemmaObject } from './gemma-language.ts';
import {
  annotations,
  listed,
  objectSchema,
  type Property,
  propertiesOf,
  rawValue,
  sharedOf,
} from './schema-parts.ts';

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

/** A value as JSON under its own schema, its references resolved against the root. */
const jsonValue = (schema: JsonObject, root: JsonObject): Composition =>
  jsonSchema({ ...sharedOf(root), ...schema });

const longestBare = 256;

/** The main argument by itself where that says all that is required, and an object where there is more to say. */
function mainLanguage(schema: JsonObject, main: string): Composition {
  try {
    const properties = propertiesOf(schema);
    if (properties.length === 0) return { choice: ['', jsonSchema(schema)] };
    const own = properties.find(({ key }) => key === main);
    if (own === undefined || properties.some(({ key, required }) => required && key !== main))
      return jsonSchema(schema);
    // A bare object would be read as all of the arguments, and a bare value of no type as whatever it looks like.
    const types = admittedTypes(own.schema, schema);
    const says = Object.keys(own.schema).some((key) => !annotations.has(key));
    if (types.has('object') || (types.size === 0 && says)) return jsonSchema(schema);
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
