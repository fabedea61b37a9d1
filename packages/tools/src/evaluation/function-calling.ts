// Function-calling benchmark in the manner of BFCL (Patil et al.): its cases, its schemas' dialect, and the calls of a perfect model.
import { isObject, type Json, type JsonObject } from '../json.ts';

/** One case: what the user said, the functions, and the accepted calls (none for an irrelevant case). */
export interface FunctionCallingCase {
  readonly id: string;
  readonly question: readonly (readonly { readonly role: string; readonly content: string }[])[];
  readonly function: readonly {
    readonly name: string;
    readonly description?: string;
    readonly parameters: JsonObject;
  }[];
}
/** Accepted argument values by function name. */
export type AcceptedCall = Readonly<Record<string, Readonly<Record<string, readonly Json[]>>>>;

type SchemaType = 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object';
const types: Readonly<Record<string, SchemaType | undefined>> = {
  dict: 'object',
  float: 'number',
  tuple: 'array',
  any: undefined,
  string: 'string',
  boolean: 'boolean',
  integer: 'integer',
  double: 'number',
  long: 'integer',
  number: 'number',
  hashmap: 'object',
  arraylist: 'array',
  array: 'array',
  object: 'object',
  byte: 'integer',
  short: 'integer',
  char: 'string',
  bigint: 'integer',
  set: 'array',
  queue: 'array',
  stack: 'array',
};

/** The JSON Schema type that a BFCL type means: what is checked, where it is any, is a text, as BFCL has it. */
export function typeOfBfcl(type: Json | undefined): SchemaType | undefined {
  const name = typeof type === 'string' ? type.toLowerCase() : '';
  return name === 'any' ? 'string' : types[name];
}

/** A BFCL schema as JSON Schema: `dict` -> object, `float` -> number, `tuple` -> array, `any` -> no type. */
export function jsonSchemaOf(schema: Json): JsonObject {
  if (!isObject(schema)) return {};
  const out: Record<string, Json> = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'type' && typeof value === 'string') {
      const known = types[value.toLowerCase()];
      if (known !== undefined) out['type'] = known;
    } else if (key === 'properties' && isObject(value))
      out['properties'] = Object.fromEntries(Object.entries(value).map(([k, v]) => [k, jsonSchemaOf(v)]));
    else if (key === 'items' && isObject(value)) out['items'] = jsonSchemaOf(value);
    else if (key !== 'optional' && key !== 'default') out[key] = value;
  }
  return out;
}

/** The functions of a case as OpenAI tools; dots in names are underscores there, as BFCL does. */
export function toolsOf(given: FunctionCallingCase): JsonObject[] {
  return given.function.map((f) => ({
    type: 'function',
    function: {
      name: toolName(f.name),
      description: f.description ?? '',
      parameters: jsonSchemaOf(f.parameters),
    },
  }));
}
/** A function's name as a tool name. */
export function toolName(name: string): string {
  return name.replace(/\./g, '_');
}

/** The calls that a perfect model makes: the first accepted value of every argument that must be there, which are those that `functions` require too. */
export function perfectCalls(
  wanted: readonly AcceptedCall[],
  functions: FunctionCallingCase['function'],
): { readonly name: string; readonly arguments: JsonObject }[] {
  return wanted.map((entry) => {
    const [name, values] = Object.entries(entry)[0] as [string, Readonly<Record<string, readonly Json[]>>];
    const required = functions.find((f) => toolName(f.name) === toolName(name))?.parameters['required'] ?? [];
    const args: Record<string, Json> = {};
    for (const [key, accepted] of Object.entries(values))
      if (!accepted.includes('') || (Array.isArray(required) && required.includes(key)))
        args[key] = concrete(accepted.find((value) => value !== '') ?? '');
    return { name: toolName(name), arguments: args };
  });
}
const concrete = (wanted: Json): Json => {
  if (Array.isArray(wanted)) return wanted.map((item) => (isObject(item) ? concrete(item) : item)) as Json;
  if (!isObject(wanted)) return wanted;
  return Object.fromEntries(
    Object.entries(wanted)
      .filter(([, v]) => !(Array.isArray(v) && v.includes('')))
      .map(([k, v]) => [k, Array.isArray(v) ? concrete(v[0] as Json) : concrete(v)]),
  );
};
