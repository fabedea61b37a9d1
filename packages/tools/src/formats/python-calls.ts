// Pythonic calls, `[f(a=1, b="x"), g()]` or `f(a=1)`: names and keyword literals, never evaluated. Positional arguments take the schema's
// names in order. Several published templates print values without quoting or escaping them (`query=a "b" c, limit=3`, `text='it's'`): that
// is not Python, and shows by itself, an unclosed quote or a raw line break in a string. Then values are cut at `known_parameter=`, taken
// as they stand, typed by the schema, and the call says that it was repaired.
import { isObject, type Json, setOwn } from '../json.ts';
import { LiteralReader } from './lenient-literal.ts';
import type { ReadCall } from './read-calls.ts';
import { propertySchema, resolveSchema, type ToolSignature } from './tool-signature.ts';
import { admittedTypes, takesOnlyText, typeBySchema } from './type-by-schema.ts';

/** The calls of a complete pythonic text. @throws SyntaxError when it is neither literal Python nor readable by the tools' schemas. */
export function readPythonCalls(text: string, tools: readonly ToolSignature[]): ReadCall[] {
  try {
    return literalCalls(text, tools, false);
  } catch (strict) {
    const loose = looseCalls(text, tools);
    if (loose !== undefined) return loose;
    try {
      return literalCalls(text, tools, true);
    } catch {
      throw strict;
    }
  }
}

const parametersOf = (tool: ToolSignature | undefined): readonly string[] => {
  if (tool === undefined) return [];
  const properties = resolveSchema(tool.parameters as Json, tool.parameters)['properties'];
  return isObject(properties) ? Object.keys(properties) : [];
};
const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

function literalCalls(text: string, tools: readonly ToolSignature[], rawBreaks: boolean): ReadCall[] {
  let keys: readonly string[] = [];
  // One published template forgets the comma between arguments: a known parameter's `key=` then begins the next.
  const glued = (at: number): boolean =>
    keys.some(
      (key) =>
        text.startsWith(key, at) && /^\s*=(?!=)/.test(text.slice(at + key.length, at + key.length + 16)),
    );
  const reader = new LiteralReader(text, { rawBreaks, glued });
  const list = reader.take('[');
  const calls: ReadCall[] = [];
  while (!(list && reader.take(']'))) {
    const name = toolName(reader, tools) ?? reader.identifier();
    if (name === undefined) throw reader.wrong('expected a function name');
    reader.need('(');
    const tool = tools.find((t) => t.name === name);
    keys = parametersOf(tool);
    const object: Record<string, Json> = {};
    const typed: string[] = [];
    let position = 0;
    while (!reader.take(')')) {
      const start = reader.at;
      let key = reader.identifier();
      if (key !== undefined && !reader.take('=')) key = undefined;
      if (key === undefined) {
        reader.at = start;
        key = keys[position];
        if (key === undefined) throw reader.wrong('positional argument without a name');
      }
      position++;
      if (Object.hasOwn(object, key)) throw reader.wrong(`duplicate argument ${key}`);
      reader.space();
      const from = reader.at;
      const value = reader.value();
      setOwn(object, key, fit(value, text.slice(from, reader.at), tool, key, typed));
      if (reader.take(',')) continue;
      reader.space();
      if (glued(reader.at)) {
        typed.push('missing comma');
        continue;
      }
      reader.need(')');
      break;
    }
    calls.push({ name, arguments: object, repairs: typed });
    reader.space();
    if (!list) {
      reader.take(';');
      reader.space();
      if (reader.at >= text.length) return calls;
    } else if (!reader.take(',')) {
      reader.need(']');
      break;
    }
  }
  reader.space();
  if (reader.at < text.length) throw reader.wrong('text after the calls');
  return calls;
}

/** A known tool's name and its bracket: such names need not be identifiers of Python. */
function toolName(reader: LiteralReader, tools: readonly ToolSignature[]): string | undefined {
  reader.space();
  const hit = tools.find(({ name }) => reader.text.startsWith(`${name}(`, reader.at));
  if (hit !== undefined) reader.at += hit.name.length;
  return hit?.name;
}

/**
 * What the schema makes of a literal: quoted where it wants no string (Llama 4's template quotes everything), or bare where it wants one. Where it
 * admits both, quotes say that it is a string, unless it spells None, a list or a dict that the schema also admits.
 */
function fit(value: Json, raw: string, tool: ToolSignature | undefined, key: string, typed: string[]): Json {
  if (tool === undefined) return value;
  const schema = propertySchema(tool.parameters, key);
  if (value !== null && typeof value !== 'string') {
    if (!takesOnlyText(schema, tool.parameters)) return value;
    typed.push(`${key}: unquoted value`);
    return raw.trim();
  }
  const types = admittedTypes(schema, tool.parameters);
  if (typeof value !== 'string' || types.size === 0) return value;
  if (types.has('string') && value !== 'None' && !/^\s*[[{(]/.test(value)) return value;
  const read = typeBySchema(value, schema, tool.parameters);
  if (read !== value) typed.push(`${key}: quoted value`);
  return read;
}

function looseCalls(text: string, tools: readonly ToolSignature[]): ReadCall[] | undefined {
  let body = text.trim();
  if (body.startsWith('[') && body.endsWith(']')) body = body.slice(1, -1).trim();
  if (!body.endsWith(')')) return undefined;
  // Calls begin where a known name and `(` stand at the start or after `), `.
  const names = tools.map((t) => escaped(t.name));
  if (names.length === 0) return undefined;
  const starts = [...body.matchAll(new RegExp(`(?<=^|\\)\\s*,\\s*)(${names.join('|')})\\(`, 'g'))];
  if (starts[0]?.index !== 0) return undefined;
  const calls: ReadCall[] = [];
  for (const [i, start] of starts.entries()) {
    const end = starts[i + 1]?.index ?? body.length;
    const inner = body.slice(start.index + start[0].length, end).replace(/\)\s*,?\s*$/, '');
    const tool = tools.find((t) => t.name === start[1]) as ToolSignature;
    const object = looseArguments(inner, tool);
    if (object === undefined) return undefined;
    calls.push({ name: tool.name, arguments: object, repairs: ['unquoted values'] });
  }
  return calls;
}

/** `key=value, key=value` cut at the known keys; undefined when it cannot be cut so, or a quote that opens a value does not close it. */
function looseArguments(inner: string, tool: ToolSignature): Record<string, Json> | undefined {
  const object: Record<string, Json> = {};
  if (inner.trim() === '') return object;
  const keys = parametersOf(tool).map(escaped);
  if (keys.length === 0) return undefined;
  const marks = [...inner.matchAll(new RegExp(`(?:^|,)\\s*(${keys.join('|')})\\s*=`, 'g'))];
  if (marks[0]?.index !== 0) return undefined;
  for (const [k, mark] of marks.entries()) {
    const key = mark[1] as string;
    const raw = inner.slice(mark.index + mark[0].length, marks[k + 1]?.index ?? inner.length);
    if (Object.hasOwn(object, key)) return undefined;
    const quoted = /^\s*(["'])([\s\S]*)\1\s*$/.exec(raw)?.[2];
    if (quoted === undefined && /^\s*["']/.test(raw)) return undefined;
    setOwn(object, key, typeBySchema(quoted ?? raw, propertySchema(tool.parameters, key), tool.parameters));
  }
  return object;
}
