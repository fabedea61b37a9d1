// The way back: calls and results written as a format writes them, for few-shot examples, training rows and spliced results. `parseReply`
// of what `renderCalls` wrote gives the same calls; a result's text is neutralised by the caller before it comes here.
import { isObject, type Json, type JsonObject, writeJson } from '../json.ts';
import type { ToolFormat } from './format.ts';
import { formatOf } from './formats.ts';
import { wordOf } from './pattern.ts';
import { mainParameter, propertySchema, type ToolSignature, toolSignature } from './tool-signature.ts';
import { saysType, untypedText } from './type-by-schema.ts';

/** A call to write. */
export interface RenderedCall {
  readonly name: string;
  readonly arguments: JsonObject;
  readonly id?: string;
}
/** A result to write. */
export interface RenderedResult {
  readonly name: string;
  readonly text: string;
  readonly id?: string;
}

const fill = (template: string, values: Readonly<Record<string, string>>): string =>
  template.replace(/\{(\w+)\}/g, (whole, key: string) => values[key] ?? whole);

/** Call id number `index` as `format` writes it. */
export function callId(format: ToolFormat, name: string, index: number): string {
  if (format.ids === 'kimi') return `${format.namePrefix ?? ''}${name}:${index}`;
  return format.ids === 'mistral' ? `call${String(index).padStart(5, '0')}` : `call_${index}`;
}

/**
 * Calls as the model itself would have written them.
 *
 * @example
 * ```ts
 * import { renderCalls } from '@ashlar/tools';
 * renderCalls([{ name: 'calculator', arguments: { expression: '12 * 7' } }], 'special-words') // => '|CALCULATOR| 12 * 7 |'
 * ```
 */
export function renderCalls(
  calls: readonly RenderedCall[],
  given: string | ToolFormat,
  tools: readonly unknown[] = [],
): string {
  const format = typeof given === 'string' ? formatOf(given) : given;
  const { render } = format;
  const signatures = tools.map(toolSignature);
  const written = calls.map((call, index) => {
    const id = call.id ?? callId(format, call.name, index);
    return fill(render.call, {
      name: call.name,
      nameJson: JSON.stringify(call.name),
      word: wordOf(call.name),
      id,
      idJson: JSON.stringify(id),
      index: String(index),
      args: writeArguments(call, format, signatures),
    });
  });
  return render.before + written.join(render.between) + render.after;
}

/** Results as the format splices them. The text must have been neutralised (see `neutralise`). */
export function renderResults(results: readonly RenderedResult[], given: string | ToolFormat): string {
  const format = typeof given === 'string' ? formatOf(given) : given;
  const { render } = format;
  const written = results.map((result, index) => {
    const id = result.id ?? callId(format, result.name, index);
    return fill(render.result, {
      name: result.name,
      text: result.text,
      textJson: JSON.stringify(result.text),
      id,
      idJson: JSON.stringify(id),
    });
  });
  return (
    (render.resultsBefore ?? '') +
    written.join(render.splice === 'turn' ? '\n' : '') +
    (render.resultsAfter ?? '')
  );
}

function writeArguments(call: RenderedCall, format: ToolFormat, tools: readonly ToolSignature[]): string {
  const args = call.arguments;
  switch (format.render.args) {
    case 'json':
      return writeJson(args, 'python');
    case 'python':
      return Object.entries(args)
        .map(([key, value]) => `${key}=${python(value)}`)
        .join(', ');
    case 'gemma':
      return gemma(args);
    case 'parameters':
      return Object.entries(args)
        .map(([key, value]) =>
          fill(format.render.parameter ?? '', {
            key,
            value: typeof value === 'string' ? rawText(value, key, call, tools) : writeJson(value, 'python'),
          }),
        )
        .join('');
    case 'main': {
      const tool = tools.find((t) => t.name === call.name);
      const keys = Object.keys(args);
      const key = tool === undefined ? keys[0] : mainParameter(tool.parameters);
      const value = key === undefined ? undefined : args[key];
      const bare =
        keys.length === 1 &&
        typeof value === 'string' &&
        !/[|\n]|^\s|\s$|^\{/.test(value) &&
        value !== '' &&
        rawText(value, key as string, call, tools) === value;
      return bare ? value : writeJson(args, 'python');
    }
  }
}

/** A string between tags: as it is, but where its parameter has no type and it would be read as something else. */
function rawText(text: string, key: string, call: RenderedCall, tools: readonly ToolSignature[]): string {
  const tool = tools.find((t) => t.name === call.name);
  const typed = tool !== undefined && saysType(propertySchema(tool.parameters, key), tool.parameters);
  return typed ? text : untypedText(text);
}

/** A value as a Python literal. */
export function python(value: Json): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(python).join(', ')}]`;
  if (isObject(value))
    return `{${Object.entries(value)
      .map(([key, item]) => `${JSON.stringify(key)}: ${python(item)}`)
      .join(', ')}}`;
  return writeJson(value);
}

/** A value in Gemma's quoting. */
export function gemma(value: Json): string {
  if (typeof value === 'string') return `<|"|>${value}<|"|>`;
  if (Array.isArray(value)) return `[${value.map((item) => gemma(item)).join(',')}]`;
  if (isObject(value))
    return `{${Object.entries(value)
      .map(([key, item]) => `${/^\w+$/.test(key) ? key : `<|"|>${key}<|"|>`}:${gemma(item)}`)
      .join(',')}}`;
  return writeJson(value);
}
