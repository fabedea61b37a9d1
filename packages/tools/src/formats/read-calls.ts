// The text of a complete region -> calls. Order (rule 11): strict parse, then one narrow repair of complete text, then malformed. A repair
// is named in the call, so that a dispatcher can refuse to run effects on repaired arguments. Cut text never gets here as a call.
import { checkSchema } from '../check-schema.ts';
import { isObject, type Json, type JsonObject, parseJson, setOwn } from '../json.ts';
import type { Reading, ToolFormat } from './format.ts';
import { readGemma } from './gemma-value.ts';
import { LiteralReader, parseLiteral } from './lenient-literal.ts';
import { readPythonCalls } from './python-calls.ts';
import { mainParameter, propertySchema, type ToolSignature } from './tool-signature.ts';
import { typeBySchema } from './type-by-schema.ts';

/** A call as the model wrote it, complete and read. */
export interface ReadCall {
  readonly name: string;
  readonly arguments: JsonObject;
  /** The id that the format carries in the text, if any. */
  readonly id?: string;
  /** What had to be repaired for the text to be readable; empty for a well-formed call. */
  readonly repairs: readonly string[];
}
/** What a region held. */
export interface Region {
  readonly raw: string;
  readonly name?: string;
  readonly id?: string;
  readonly parameters: readonly (readonly [string, string])[];
  readonly wrong?: string;
}
/** Calls, or why there is none; `content` when the text is no call at all. */
export type Reader =
  | { readonly calls: readonly ReadCall[] }
  | { readonly malformed: string }
  | { readonly content: string };

/** Reads a complete region of `format`. */
export function readRegion(
  region: Region,
  format: ToolFormat,
  tools: readonly ToolSignature[],
  reading: Reading = format.reading,
): Reader {
  if (region.wrong !== undefined) return { malformed: region.wrong };
  const toolOf = (name: string): ToolSignature | undefined => tools.find((tool) => tool.name === name);
  const raw = region.raw.trim();
  try {
    switch (reading) {
      case 'json-calls':
        return jsonCalls(raw, region.raw, reading, format);
      case 'json-calls-or-content': {
        const parts = splitObjects(raw).map((text) => jsonCalls(text, region.raw, reading, format));
        if (parts.some((part) => 'content' in part)) return { content: region.raw };
        return together(parts);
      }
      case 'json-arguments': {
        const named = nameAndId(region, format);
        const tool = toolOf(named.name);
        if (raw !== '' && raw[0] !== '{' && raw[0] !== '"') {
          // A code tool is called with its code as it is (Functionary's and harmony's python).
          if (raw === 'null') return { calls: [{ ...named, arguments: {}, repairs: [] }] };
          return { calls: [{ ...named, arguments: bareValue(region.raw, tool), repairs: ['bare value'] }] };
        }
        const { value, repairs } = readValue(raw);
        const call: ReadCall = { ...named, ...argumentsOf(value, repairs) };
        return {
          calls: [format.ids === 'kimi' && toolOf(call.name) === undefined ? byArguments(call, tools) : call],
        };
      }
      case 'parameters': {
        const named = nameAndId(region, format);
        const tool = toolOf(named.name);
        const object: Record<string, Json> = {};
        for (const [key, text] of region.parameters) {
          if (Object.hasOwn(object, key)) return { malformed: `duplicate parameter ${JSON.stringify(key)}` };
          const value = unpadded(text, format.padded);
          const schema = tool === undefined ? {} : propertySchema(tool.parameters, key);
          setOwn(object, key, typeBySchema(value, schema, tool?.parameters ?? {}));
        }
        return { calls: [{ ...named, arguments: object, repairs: [] }] };
      }
      case 'gemma-arguments':
        return { calls: [{ ...nameAndId(region, format), ...argumentsOf(readGemma(raw), []) }] };
      case 'python-calls':
        return { calls: readPythonCalls(raw, tools) };
      case 'python-tag':
        return pythonTag(raw, region.raw, tools, format);
      case 'main-argument': {
        const named = nameAndId(region, format);
        const tool = toolOf(named.name);
        if (raw.startsWith('{'))
          try {
            const { value, repairs } = readValue(raw);
            if (isObject(value)) return { calls: [{ ...named, arguments: value, repairs }] };
          } catch {
            // A bare value may begin with a brace.
          }
        return { calls: [{ ...named, arguments: raw === '' ? {} : bareValue(raw, tool), repairs: [] }] };
      }
    }
  } catch (error) {
    return { malformed: error instanceof Error ? error.message : String(error) };
  }
}

/** A raw parameter value without the white space that its format puts around it. */
export const unpadded = (text: string, padded: ToolFormat['padded']): string =>
  padded === undefined
    ? text
    : padded === 'all'
      ? text.trim()
      : text.replace(/^\r?\n/, '').replace(/\r?\n$/, '');

function nameAndId(region: Region, format: ToolFormat): { name: string; id?: string } {
  let name = (region.name ?? '').trim();
  let id = region.id?.trim();
  if (format.ids === 'kimi') {
    // `functions.get_weather:0` is the id; the name is inside.
    id = name;
    name = name.replace(/:\d+$/, '');
  }
  if (format.namePrefix !== undefined && name.startsWith(format.namePrefix))
    name = name.slice(format.namePrefix.length);
  if (name === '') throw new SyntaxError('call without a name');
  return id === undefined || id === '' ? { name } : { name, id };
}

/**
 * Kimi's id carries the name (`functions.NAME:0`), but K2-Thinking's template copies whatever id a history has, and models learn to write such ids.
 * Then the one tool that takes exactly these arguments is meant; the call says so, and like every repaired call it runs no effects by itself.
 */
function byArguments(call: ReadCall, tools: readonly ToolSignature[]): ReadCall {
  if (/^functions\./.test(call.id ?? '')) return call;
  const fitting = tools.filter(({ parameters }) => {
    const properties =
      isObject(parameters) && isObject(parameters['properties']) ? parameters['properties'] : {};
    const declared = Object.keys(call.arguments).every((key) => Object.hasOwn(properties, key));
    return declared && checkSchema(call.arguments, parameters).length === 0;
  });
  const [only] = fitting;
  if (only === undefined || fitting.length > 1) return call;
  return { ...call, name: only.name, repairs: [...call.repairs, 'name found by the arguments'] };
}

function readValue(raw: string): { value: Json; repairs: string[] } {
  if (raw === '') return { value: {}, repairs: [] };
  try {
    return { value: parseJson(raw), repairs: [] };
  } catch (strict) {
    if (/duplicate key/.test(String(strict))) throw strict;
    try {
      return { value: parseLiteral(raw), repairs: ['not strict JSON'] };
    } catch {
      throw strict;
    }
  }
}

/** Empty, null and double-encoded arguments (rule 12). */
function argumentsOf(
  given: Json | undefined,
  repairs: readonly string[],
): { arguments: JsonObject; repairs: readonly string[] } {
  if (given === undefined || given === null || given === '') return { arguments: {}, repairs };
  if (isObject(given)) return { arguments: given, repairs };
  if (typeof given === 'string') {
    const inner = readValue(given.trim());
    if (isObject(inner.value))
      return { arguments: inner.value, repairs: [...repairs, ...inner.repairs, 'double-encoded'] };
  }
  throw new SyntaxError('arguments: expected an object');
}

const bareValue = (raw: string, tool: ToolSignature | undefined): JsonObject => {
  const key = tool === undefined ? 'input' : mainParameter(tool.parameters);
  const schema = tool === undefined ? { type: 'string' } : propertySchema(tool.parameters, key);
  return { [key]: typeBySchema(raw, schema, tool?.parameters ?? {}) };
};

const besideArguments = new Set(['name', 'tool_name', 'function', 'id', 'tool_call_id', 'type', 'index']);

/** `{name, arguments}` in the spellings of the field; undefined when it is no call. */
function callOf(value: Json, repairs: readonly string[], format: ToolFormat): ReadCall | undefined {
  if (!isObject(value)) return undefined;
  const inner = isObject(value['function']) ? value['function'] : value;
  const name =
    inner['name'] ??
    (typeof value['function'] === 'string' ? value['function'] : undefined) ??
    inner['tool_name'];
  if (typeof name !== 'string' || name === '') return undefined;
  const given = inner['arguments'] ?? inner['parameters'];
  // A misspelled key must not become a call of nothing.
  if (given === undefined && Object.keys(inner).some((key) => !besideArguments.has(key))) return undefined;
  const id = value['id'] ?? value['tool_call_id'];
  const { name: plain } = nameAndId({ raw: '', name, parameters: [] }, format);
  const args = argumentsOf(given, repairs);
  return { name: plain, ...args, ...(typeof id === 'string' && id !== '' ? { id } : {}) };
}

function jsonCalls(raw: string, whole: string, reading: Reading, format: ToolFormat): Reader {
  const free = reading === 'json-calls-or-content';
  let read: { value: Json; repairs: string[] };
  try {
    read = readValue(raw);
  } catch (error) {
    if (free && !/^\{\s*["']?(?:name|type|function)\b/.test(raw)) return { content: whole };
    throw error;
  }
  const values = Array.isArray(read.value) ? read.value : [read.value];
  const calls: ReadCall[] = [];
  for (const value of values) {
    const isCall = !free || (isObject(value) && ('parameters' in value || 'arguments' in value));
    const call = isCall ? callOf(value, read.repairs, format) : undefined;
    if (call === undefined) {
      if (free) return { content: whole };
      return { malformed: 'expected {"name", "arguments"}' };
    }
    calls.push(call);
  }
  return { calls };
}

function pythonTag(raw: string, whole: string, tools: readonly ToolSignature[], format: ToolFormat): Reader {
  if (raw.startsWith('{') || raw.startsWith('[')) {
    const calls = splitObjects(raw).map((text) => jsonCalls(text, text, 'json-calls', format));
    return together(calls);
  }
  if (/^[\p{L}_][\w.]*\.call\s*\(/u.test(raw))
    return { calls: readPythonCalls(raw, tools).map((c) => ({ ...c, name: c.name.replace(/\.call$/, '') })) };
  // Code: for the interpreter among the tools, by the names that Llama's and Functionary's prompts give it.
  const code = ['python', 'code_interpreter', 'ipython'];
  const tool = tools.find((t) => code.includes(t.name));
  const key = tool === undefined ? 'code' : mainParameter(tool.parameters);
  return {
    calls: [{ name: tool?.name ?? 'python', arguments: { [key]: whole.replace(/^\n/, '') }, repairs: [] }],
  };
}

const together = (parts: readonly Reader[]): Reader =>
  parts.find((part) => !('calls' in part)) ?? {
    calls: parts.flatMap((part) => ('calls' in part ? part.calls : [])),
  };

/** The literals of `{...}; {...}` and `{...}{...}`; undefined when it is anything else. */
function literals(raw: string): string[] | undefined {
  const reader = new LiteralReader(raw);
  const out: string[] = [];
  try {
    while (reader.at < raw.length) {
      const start = reader.at;
      reader.value();
      out.push(raw.slice(start, reader.at).trim());
      reader.take(';');
      reader.space();
    }
    return out;
  } catch {
    return undefined;
  }
}

/** Splits `{...}; {...}` and `{...}{...}` at the top level. */
function splitObjects(raw: string): string[] {
  const whole = literals(raw);
  if (whole !== undefined) return whole;
  const out: string[] = [];
  let depth = 0;
  let inString = false;
  let start = 0;
  for (let i = 0; i < raw.length; i++) {
    const c = raw[i];
    if (inString) {
      if (c === '\\') i++;
      else if (c === '"') inString = false;
    } else if (c === '"') inString = true;
    else if (c === '{' || c === '[') depth++;
    else if (c === '}' || c === ']') {
      depth--;
      if (depth === 0 && /^\s*\{/.test(raw.slice(i + 1, i + 66))) {
        out.push(raw.slice(start, i + 1));
        start = i + 1;
      }
    } else if (c === ';' && depth === 0) {
      out.push(raw.slice(start, i));
      start = i + 1;
    }
  }
  out.push(raw.slice(start));
  return out.map((s) => s.trim()).filter((s) => s !== '');
}
