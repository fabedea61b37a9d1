// The part of a tool that reading a call needs: its name and its parameters' JSON Schema. Accepts what the field passes around.
import type { Json, JsonObject } from '../json.ts';
import { isObject } from '../json.ts';

/** A JSON Schema, as data. */
export type JsonSchema = JsonObject | boolean;

/** Name and parameters of a tool. */
export interface ToolSignature {
  readonly name: string;
  readonly parameters: JsonSchema;
}

/** Reads `{type: 'function', function: {name, parameters}}` or `{name, parameters}`. @throws TypeError for a tool without a name. */
export function toolSignature(tool: unknown): ToolSignature {
  const outer = isObject(tool) ? tool : {};
  const own = isObject(outer['function']) ? outer['function'] : outer;
  const name = own['name'];
  if (typeof name !== 'string' || name === '') throw new TypeError('tool.name: expected a non-empty string');
  const schema = own['parameters'] ?? own['input_schema'] ?? own['inputSchema'];
  return { name, parameters: isObject(schema) ? schema : {} };
}

/** Follows a local `$ref` (`#/$defs/x`); at most 32 steps, so that a cycle ends. */
export function resolveSchema(schema: Json | undefined, root: JsonSchema): JsonObject {
  let at: Json | undefined = schema;
  for (let step = 0; step < 32 && isObject(at) && typeof at['$ref'] === 'string'; step++) {
    const path: string = at['$ref'];
    if (!path.startsWith('#/')) return {};
    let next: Json | undefined = root as Json;
    for (const key of path
      .slice(2)
      .split('/')
      .map((k) => k.replace(/~1/g, '/').replace(/~0/g, '~')))
      next = isObject(next) && Object.hasOwn(next, key) ? next[key] : undefined;
    at = next;
  }
  return isObject(at) ? at : {};
}

/** The schema of one property of a tool's parameters, `{}` when it has none. */
export function propertySchema(parameters: JsonSchema, key: string): JsonObject {
  const schema = resolveSchema(parameters as Json, parameters);
  const properties = schema['properties'];
  if (!isObject(properties) || !Object.hasOwn(properties, key)) return {};
  return resolveSchema(properties[key], parameters);
}

/** The parameter that a bare value means: the only required one, else the only one, else `input`. */
export function mainParameter(parameters: JsonSchema): string {
  const schema = resolveSchema(parameters as Json, parameters);
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  if (required.length === 1 && typeof required[0] === 'string') return required[0];
  const keys = isObject(schema['properties']) ? Object.keys(schema['properties']) : [];
  return keys.length === 1
    ? (keys[0] as string)
    : (keys.find((k) => required.includes(k)) ?? keys[0] ?? 'input');
}
