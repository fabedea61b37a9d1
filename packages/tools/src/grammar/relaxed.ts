// A schema without what cannot be held to: a call that is not strict is held to the rest, and checked for all of it when it is complete.
import { isObject, type Json, type JsonObject } from '../json.ts';

const named = new Set(['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas']);
const data = new Set(['enum', 'const', 'default', 'examples', 'required']);

/** `schema` without `keyword`, wherever it stands as a keyword; undefined where it does not. */
export function withoutKeyword(schema: JsonObject, keyword: string): JsonObject | undefined {
  let found = false;
  const walk = (given: Json): Json => {
    if (Array.isArray(given)) return given.map(walk);
    if (!isObject(given)) return given;
    const kept = Object.entries(given).filter(([key]) => key !== keyword);
    found ||= kept.length < Object.keys(given).length;
    return Object.fromEntries(
      kept.map(([key, value]) => [
        key,
        data.has(key)
          ? value
          : named.has(key) && isObject(value)
            ? Object.fromEntries(Object.entries(value).map(([name, own]) => [name, walk(own)]))
            : walk(value),
      ]),
    );
  };
  const looser = walk(schema) as JsonObject;
  return found ? looser : undefined;
}
