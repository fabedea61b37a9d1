// Pythonic calls, `[f(a=1, b="x"), g()]` or `f(a=1)`: names and keyword literals, never evaluated. Positional arguments take the schema's
// names in order. Where a template prints values without quoting them (Llama's pythonic templates do, `query=a "b" c, limit=3`), the text is
// not Python; then values are cut at `, known_parameter=` and typed by the schema, and the call says that it was repaired.
import { isObject, type Json, setOwn } from '../json.ts';
import { LiteralReader } from './lenient-literal.ts';
import type { ReadCall } from './read-calls.ts';
import { propertySchema, resolveSchema, type ToolSignature } from './tool-signature.ts';
import { saysType, typeBySchema } from './type-by-schema.ts';

/** The calls of a complete pythonic text. @throws SyntaxError when it is neither literal Python nor readable by the tools' schemas. */
export function readPythonCalls(text: string, tools: readonly ToolSignature[]): ReadCall[] {
  try {
    return literalCalls(text, tools);
  } catch (strict) {
    const loose = looseCalls(text, tools);
    if (loose === undefined) throw strict;
    return loose;
  }
}

const parametersOf = (tool: ToolSignature | undefined): readonly string[] => {
  if (tool === undefined) return [];
  const properties = resolveSchema(tool.parameters as Json, tool.parameters)['properties'];
  return isObject(properties) ? Object.keys(properties) : [];
};

function literalCalls(text: string, tools: readonly ToolSignature[]): ReadCall[] {
  const reader = new LiteralReader(text);
  const list = reader.take('[');
  const calls: ReadCall[] = [];
  while (!(list && reader.take(']'))) {
    const name = reader.identifier();
    if (name === undefined) throw reader.wrong('expected a function name');
    reader.need('(');
    const tool = tools.find((t) => t.name === name);
    const keys = parametersOf(tool);
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
      const value = reader.value();
      setOwn(object, key, fit(value, tool, key, typed));
      if (!reader.take(',')) {
        reader.need(')');
        break;
      }
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

/** A quoted value where the schema wants no string (Llama 4's template quotes everything) is typed by the schema. */
function fit(value: Json, tool: ToolSignature | undefined, key: string, typed: string[]): Json {
  if (typeof value !== 'string' || tool === undefined) return value;
  const schema = propertySchema(tool.parameters, key);
  if (!saysType(schema, tool.parameters)) return value;
  const read = typeBySchema(value, schema, tool.parameters);
  if (read !== value) typed.push(`${key}: quoted value`);
  return read;
}

function looseCalls(text: string, tools: readonly ToolSignature[]): ReadCall[] | undefined {
  let body = text.trim();
  if (body.startsWith('[') && body.endsWith(']')) body = body.slice(1, -1).trim();
  if (!body.endsWith(')')) return undefined;
  // Calls begin where a known name and `(` stand at the start or after `), `.
  const names = tools.map((t) => t.name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  if (names.length === 0) return undefined;
  const starts = [...body.matchAll(new RegExp(`(?<=^|\\)\\s*,\\s*)(${names.join('|')})\\(`, 'g'))];
  if (starts[0]?.index !== 0) return undefined;
  const calls: ReadCall[] = [];
  for (const [i, start] of starts.entries()) {
    const end = starts[i + 1]?.index ?? body.length;
    const inner = body.slice(start.index + start[0].length, end).replace(/\)\s*,?\s*$/, '');
    const tool = tools.find((t) => t.name === start[1]) as ToolSignature;
    const keys = parametersOf(tool).map((k) => k.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    if (keys.length === 0 && inner.trim() !== '') return undefined;
    const marks =
      inner.trim() === '' ? [] : [...inner.matchAll(new RegExp(`(?:^|,)\\s*(${keys.join('|')})\\s*=`, 'g'))];
    if (inner.trim() !== '' && marks[0]?.index !== 0) return undefined;
    const object: Record<string, Json> = {};
    for (const [k, mark] of marks.entries()) {
      const key = mark[1] as string;
      const raw = inner.slice(mark.index + mark[0].length, marks[k + 1]?.index ?? inner.length);
      if (Object.hasOwn(object, key)) return undefined;
      const quoted = /^\s*"([\s\S]*)"\s*$/.exec(raw)?.[1];
      setOwn(object, key, typeBySchema(quoted ?? raw, propertySchema(tool.parameters, key), tool.parameters));
    }
    calls.push({ name: tool.name, arguments: object, repairs: ['unquoted values'] });
  }
  return calls;
}
