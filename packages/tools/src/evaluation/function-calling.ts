// Function-calling benchmark in the manner of BFCL (Patil et al.): schemas in its dialect, and its check of calls by value: the right function, all
// required arguments, each value among the accepted ones ("" means that it may be left out), strings compared without case, spaces and punctuation.
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

const types: Readonly<Record<string, string | undefined>> = {
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

const plain = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[ ,./\-_*^]/g, '')
    .replace(/'/g, '"');

/** True when `value` is one of the accepted ones. */
function accepts(accepted: readonly Json[], value: Json): boolean {
  return accepted.some((wanted) => same(wanted, value));
}
function same(wanted: Json, value: Json): boolean {
  if (typeof wanted === 'string' && typeof value === 'string') return plain(wanted) === plain(value);
  if (
    (typeof wanted === 'number' || typeof wanted === 'bigint') &&
    (typeof value === 'number' || typeof value === 'bigint')
  )
    return Number(wanted) === Number(value);
  if (Array.isArray(wanted) && Array.isArray(value))
    return wanted.length === value.length && wanted.every((w, i) => same(w, value[i] as Json));
  if (isObject(wanted) && isObject(value)) {
    // Inside objects every field lists its accepted values.
    const keys = Object.keys(value);
    return (
      keys.every(
        (k) =>
          Object.hasOwn(wanted, k) &&
          (Array.isArray(wanted[k])
            ? accepts(wanted[k] as readonly Json[], value[k] as Json)
            : same(wanted[k] as Json, value[k] as Json)),
      ) &&
      Object.keys(wanted).every(
        (k) =>
          Object.hasOwn(value, k) ||
          (Array.isArray(wanted[k]) && (wanted[k] as readonly Json[]).includes('')),
      )
    );
  }
  return wanted === value;
}

/** What is wrong with `calls`, or undefined when they are right: as many as wanted, each by name and values. */
export function checkCalls(
  calls: readonly { readonly name: string; readonly arguments: JsonObject }[],
  wanted: readonly AcceptedCall[],
): string | undefined {
  if (calls.length !== wanted.length) return `expected ${wanted.length} calls, got ${calls.length}`;
  for (const [i, call] of calls.entries()) {
    const [name, values] = Object.entries(wanted[i] as AcceptedCall)[0] as [
      string,
      Readonly<Record<string, readonly Json[]>>,
    ];
    if (toolName(call.name) !== toolName(name)) return `expected ${name}, got ${call.name}`;
    for (const [key, accepted] of Object.entries(values)) {
      if (!Object.hasOwn(call.arguments, key)) {
        if (!accepted.includes('')) return `${key}: missing`;
      } else if (!accepts(accepted, call.arguments[key] as Json))
        return `${key}: ${JSON.stringify(call.arguments[key])} is not accepted`;
    }
    for (const key of Object.keys(call.arguments))
      if (!Object.hasOwn(values, key)) return `${key}: not expected`;
  }
  return undefined;
}

/** The call that a perfect model makes: the first accepted value of every argument that must be there. */
export function perfectCalls(
  wanted: readonly AcceptedCall[],
): { readonly name: string; readonly arguments: JsonObject }[] {
  return wanted.map((entry) => {
    const [name, values] = Object.entries(entry)[0] as [string, Readonly<Record<string, readonly Json[]>>];
    const args: Record<string, Json> = {};
    for (const [key, accepted] of Object.entries(values))
      if (!accepted.includes('')) args[key] = concrete(accepted[0] as Json);
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
