// The arguments of a call that is being written -> their JSON text, as far as it is certain, without the last brace. What cannot be said early
// (Python's calls, special words, arguments before the name, whatever is no strict JSON) comes with the complete call.
import type { ToolFormat } from '../formats/format.ts';
import { readGemma } from '../formats/gemma-value.ts';
import { escapedText, JsonEcho } from '../formats/json-echo.ts';
import { unpadded } from '../formats/read-calls.ts';
import { propertySchema, type ToolSignature } from '../formats/tool-signature.ts';
import { takesOnlyText, typeBySchema } from '../formats/type-by-schema.ts';
import { ValueLexer } from '../formats/value-lexer.ts';
import { isObject, writeJson } from '../json.ts';

/** The arguments of one call region, taken as they come. */
export interface WrittenArguments {
  /** The name, where the text holds it. */
  readonly name?: string | undefined;
  text(text: string): string;
  key?(key: string): string;
  /** The rest, last brace included, when the region is complete; undefined where only the reader of the whole knows it. */
  end(): string | undefined;
}

/** Arguments that stand alone, in JSON. */
export function writtenJson(): WrittenArguments {
  const echo = new JsonEcho();
  // The echo keeps the order of the text, which objects do not where keys are whole numbers.
  return {
    text: (text) => echo.push(text),
    end: () => (echo.complete && !echo.stopped ? '}' : undefined),
  };
}

const head = /^\s*\[?\s*\{\s*"name"\s*:\s*("(?:[^"\\]|\\.)*")\s*,\s*"(?:arguments|parameters)"\s*:\s*(?=\{)/;
const longestHead = 1024;
/** `{"name": "f", "arguments": {...}}`, also as the first of a list. */
export function writtenCall(): WrittenArguments {
  const echo = new JsonEcho();
  let before: string | undefined = '';
  let name: string | undefined;
  return {
    get name() {
      return name;
    },
    text(text) {
      if (before === undefined) return name === undefined ? '' : echo.push(text);
      before += text;
      const found = head.exec(before);
      if (found === null) {
        if (before.length > longestHead) before = undefined;
        return '';
      }
      const rest = before.slice(found[0].length);
      before = undefined;
      try {
        name = JSON.parse(found[1] as string) as string;
      } catch {
        return '';
      }
      return echo.push(rest);
    },
    // Behind the arguments comes what closes the call.
    end: () => (echo.complete ? '}' : undefined),
  };
}

/** Parameters one by one, typed by the tool's schema; those that can only be text are said while they are written. */
export function writtenParameters(format: ToolFormat, tool: ToolSignature | undefined): WrittenArguments {
  const root = tool?.parameters ?? {};
  const keys = new Set<string>();
  const { padded } = format;
  let sure = true;
  let key: string | undefined;
  let value = '';
  let isText = false;
  let begun = false;
  const begin = (): string => {
    begun = true;
    return `${keys.size === 1 ? '{' : ','}${JSON.stringify(key)}:`;
  };
  /** What is certainly the value's; what may be padding, or half a character, waits. */
  const certain = (): string => {
    if (!isText || (!begun && padded !== undefined && value.length < 2)) return '';
    const opening = begun ? '' : `${begin()}"`;
    if (opening !== '' && padded !== undefined) value = value.replace(/^\r?\n/, '');
    const waits = /\r?\n?$/.exec(value)?.[0].length || (/[\ud800-\udbff]$/.test(value) ? 1 : 0);
    const out = value.slice(0, value.length - waits);
    value = value.slice(value.length - waits);
    return opening + escapedText(out);
  };
  const close = (): string => {
    if (key === undefined) return '';
    const out = begun
      ? `${escapedText(padded === undefined ? value : value.replace(/\r?\n$/, ''))}"`
      : begin() + writeJson(typeBySchema(unpadded(value, padded), propertySchema(root, key), root));
    key = undefined;
    return out;
  };
  return {
    key(next) {
      const out = sure ? close() : '';
      sure &&= !keys.has(next);
      keys.add(next);
      key = next;
      value = '';
      begun = false;
      isText = padded !== 'all' && tool !== undefined && takesOnlyText(propertySchema(root, next), root);
      return out;
    },
    text(text) {
      if (!sure || key === undefined) return '';
      value += text;
      return certain();
    },
    end: () => (sure && keys.size > 0 ? `${close()}}` : undefined),
  };
}

/** Gemma's `{key:value,...}`, one pair after another. */
export function writtenGemma(): WrittenArguments {
  const lexer = new ValueLexer('gemma');
  let depth = 0;
  let pair = '';
  let begun = false;
  let sure = true;
  const say = (): string => {
    try {
      const read = readGemma(`{${pair}}`);
      pair = '';
      const out = (begun ? ',' : '{') + (isObject(read) ? writeJson(read).slice(1, -1) : '');
      begun = true;
      return out;
    } catch {
      sure = false;
      return '';
    }
  };
  return {
    text(text) {
      let out = '';
      for (let i = 0; i < text.length && sure; i++) {
        const c = text[i] as string;
        lexer.feed(c);
        const outermost = depth === 0 && c === '{';
        if (!lexer.quoted) {
          if (c === '{' || c === '[') depth++;
          else if (c === '}' || c === ']') depth--;
          else if (c === ',' && depth === 1) {
            out += say();
            continue;
          }
        }
        if (depth > 0 && !outermost) pair += c;
      }
      return out;
    },
    end(): string | undefined {
      if (!sure || depth !== 0 || !begun) return undefined;
      const out = say();
      return sure ? `${out}}` : undefined;
    },
  };
}
