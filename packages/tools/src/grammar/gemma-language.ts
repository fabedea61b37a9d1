// Arguments in Gemma's quoting: `{city:<|"|>Paris<|"|>,days:[1,2]}`. Lists and objects are not JSON there, so what is said of a whole list or object is
// said in their parts, or by writing out the values where there are few; the rest is refused by name.
import { type Composition, jsonSchema, UnsatisfiableConstraintError } from '@ashlar/sampling/constraints';
import { checkSchema } from '../check-schema.ts';
import { gemma } from '../formats/render-calls.ts';
import { resolveSchema } from '../formats/tool-signature.ts';
import { admittedTypes } from '../formats/type-by-schema.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';
import {
  annotations,
  listed,
  objectKeywords,
  objectSchema,
  propertiesOf,
  rawValue,
  sharedOf,
  unsupported,
} from './schema-parts.ts';

const quote = '<|"|>';
const within = '(?:[^<]|<[^|<])*';
const quoted = (what: Composition): Composition => ({ sequence: [quote, what, quote] });

/** The objects of a schema. */
export function gemmaObject(schema: JsonObject, root: JsonObject): Composition {
  const written = writtenOut(schema);
  if (written !== undefined) return written;
  const items = propertiesOf(schema, root).map(({ key, schema: own, required }) => ({
    required,
    text: { sequence: [`${/^\w+$/.test(key) ? key : quote + key + quote}:`, gemmaValue(own, root)] },
  }));
  return { sequence: ['{', listed(items, ','), '}'] };
}

function gemmaValue(schema: JsonObject, root: JsonObject): Composition {
  const types = admittedTypes(schema, root);
  if (types.size === 0) return untyped(schema, root);
  if (types.has('object') || types.has('array')) {
    if (types.size > 1)
      throw unsupported('type', 'objects or lists among other types in a value that is not written as JSON');
    return types.has('object') ? gemmaObject(objectSchema(schema), root) : gemmaList(schema, root);
  }
  if (!types.has('string')) return rawValue(schema, root, '');
  const strings: Composition = { strings: { ...sharedOf(root), ...schema }, within };
  if (types.size === 1) return quoted(strings);
  return {
    choice: [
      quoted(strings),
      jsonSchema({ ...sharedOf(root), allOf: [schema, { not: { type: 'string' } }] }),
    ],
  };
}

const deepest = 3;
/** Any value, where a schema says nothing of it; lists and objects at most three deep. */
function untyped(schema: JsonObject, root: JsonObject): Composition {
  const said = Object.keys(schema).find((key) => !annotations.has(key));
  if (said !== undefined) throw unsupported(said, 'on a value without a type that is not written as JSON');
  let value: Composition = {
    choice: [
      quoted({ strings: { type: 'string' }, within }),
      rawValue({ type: ['number', 'boolean', 'null'] }, root, ''),
    ],
  };
  for (let i = 0; i < deepest; i++) {
    const pair: Composition = { sequence: [{ regex: '\\w{1,64}' }, ':', value] };
    const some = (item: Composition): Composition => ({
      sequence: [item, { repeat: { sequence: [',', item] }, max: 15 }],
    });
    value = {
      choice: [value, '[]', { sequence: ['[', some(value), ']'] }, '{}', { sequence: ['{', pair, '}'] }],
    };
  }
  return value;
}

/** The values of `enum` or `const`, one by one; undefined where there is neither. */
function writtenOut(schema: JsonObject): Composition | undefined {
  const values = Array.isArray(schema['enum'])
    ? schema['enum']
    : 'const' in schema
      ? [schema['const']]
      : undefined;
  if (values === undefined) return undefined;
  const admitted = (values as readonly Json[]).filter((value) => checkSchema(value, schema).length === 0);
  if (admitted.length === 0) throw new UnsatisfiableConstraintError('enum: no value satisfies the schema');
  return { choice: admitted.map(gemma) };
}

const mostArranged = 5;
/** Lists in which no value comes twice, of items of which there are few. */
function arrangements(item: JsonObject, least: number, most: number): Composition {
  const values: readonly Json[] | undefined = Array.isArray(item['enum'])
    ? item['enum']
    : 'const' in item
      ? [item['const'] as Json]
      : item['type'] === 'boolean'
        ? [true, false]
        : undefined;
  const texts = [...new Set(values?.filter((value) => checkSchema(value, item).length === 0).map(gemma))];
  if (values === undefined || texts.length > mostArranged)
    throw unsupported(
      'uniqueItems',
      `over more than ${mostArranged} values, in a list that is not written as JSON`,
    );
  if (least > texts.length) throw new UnsatisfiableConstraintError('uniqueItems: too few values');
  const rest = (left: readonly string[], written: number): Composition[] => {
    if (written === most || left.length === 0) return [];
    const next: Composition = {
      choice: left.map((text) => ({
        sequence: [
          written === 0 ? '' : ',',
          text,
          ...rest(
            left.filter((other) => other !== text),
            written + 1,
          ),
        ].filter((part) => part !== ''),
      })),
    };
    return [written < least ? next : { repeat: next, max: 1 }];
  };
  return { sequence: ['[', ...rest(texts, 0), ']'] };
}

function gemmaList(schema: JsonObject, root: JsonObject): Composition {
  const written = writtenOut(schema);
  if (written !== undefined) return written;
  const refused = ['prefixItems', 'contains', 'unevaluatedItems', ...objectKeywords].find(
    (key) => key in schema,
  );
  if (refused !== undefined) throw unsupported(refused, 'in a list that is not written as JSON');
  const { minItems, maxItems, items = {} } = schema;
  const least = typeof minItems === 'number' ? minItems : 0;
  const most = typeof maxItems === 'number' ? maxItems : Number.POSITIVE_INFINITY;
  if (most < least) throw new UnsatisfiableConstraintError('minItems: expected at most maxItems');
  if (most === 0 || items === false) {
    if (least > 0) throw new UnsatisfiableConstraintError('items: none are admitted');
    return '[]';
  }
  const of = isObject(items) ? resolveSchema(items, root) : {};
  if (schema['uniqueItems'] === true && most > 1) return arrangements(of, least, most);
  const item = gemmaValue(of, root);
  const more: Composition = { repeat: { sequence: [',', item] }, min: Math.max(0, least - 1), max: most - 1 };
  const some: Composition = { sequence: ['[', item, ...(most === 1 ? [] : [more]), ']'] };
  return least === 0 ? { choice: ['[]', some] } : some;
}
