// Reading fields of parsed JSON with messages that name the field.

/** A parsed JSON object. */
export type JsonObject = { readonly [key: string]: unknown };

/** `value` as an object, or a TypeError naming it. */
export function asObject(value: unknown, name: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError(
      `${name}: expected an object, got ${value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value}`,
    );
  }
  return value as JsonObject;
}

/** A string field, or a TypeError naming it; `fallback` where it is absent or null. */
export function stringField(object: JsonObject, key: string, name: string, fallback?: string): string {
  const value = object[key] ?? fallback;
  if (typeof value !== 'string')
    throw new TypeError(`${name}.${key}: expected a string, got ${typeof value}`);
  return value;
}

/** A number field. */
export function numberField(object: JsonObject, key: string, name: string, fallback?: number): number {
  const value = object[key] ?? fallback;
  if (typeof value !== 'number')
    throw new TypeError(`${name}.${key}: expected a number, got ${typeof value}`);
  return value;
}

/** A boolean field. */
export function booleanField(object: JsonObject, key: string, name: string, fallback?: boolean): boolean {
  const value = object[key] ?? fallback;
  if (typeof value !== 'boolean')
    throw new TypeError(`${name}.${key}: expected a boolean, got ${typeof value}`);
  return value;
}

/** An array field. */
export function arrayField(
  object: JsonObject,
  key: string,
  name: string,
  fallback?: readonly unknown[],
): readonly unknown[] {
  const value = object[key] ?? fallback;
  if (!Array.isArray(value)) throw new TypeError(`${name}.${key}: expected an array, got ${typeof value}`);
  return value;
}
