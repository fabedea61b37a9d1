// JSON as Python reads it, for templates: 1.0 stays a float, large ints stay exact, objects keep the order of their keys.
import { TemplateFloat } from './input-values.ts';

const token =
  /[\s]*(?:([[\]{},:])|"((?:[^"\\]|\\.)*)"|(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)|(true|false|null))/y;

/**
 * Parses JSON into what a template prints as Python prints it after `json.loads`: `1.0` becomes a {@link TemplateFloat} where
 * JavaScript would forget the point, an int beyond 2^53 a bigint, and an object with keys that JavaScript would reorder (`"1"`)
 * a Map. Everything else is as `JSON.parse` gives it. Throws a SyntaxError with the position.
 *
 * @example
 * ```ts
 * import { compileChatTemplate, parseTemplateJson } from '@ashlar/tokenizer/chat-template';
 * const tools = parseTemplateJson('[{"default": 1.0, "2": "b", "1": "a"}]') as unknown[];
 * compileChatTemplate('{{ tools | tojson }}').render([], { tools }).text // => '[{"default": 1.0, "2": "b", "1": "a"}]'
 * ```
 */
export function parseTemplateJson(text: string): unknown {
  let position = 0;
  const next = (): RegExpExecArray => {
    token.lastIndex = position;
    const found = token.exec(text);
    if (found === null) throw new SyntaxError(`JSON: unexpected character at ${position}`);
    position = token.lastIndex;
    return found;
  };
  const expect = (found: RegExpExecArray, sign: string): void => {
    if (found[1] !== sign) throw new SyntaxError(`JSON: expected ${sign} before ${position}`);
  };

  const value = (found: RegExpExecArray, depth: number): unknown => {
    if (depth > 500) throw new SyntaxError('JSON: expected at most 500 levels of nesting');
    const [, sign, string, number, word] = found;
    if (string !== undefined) return JSON.parse(`"${string}"`);
    if (number !== undefined) return numberValue(number);
    if (word !== undefined) return word === 'null' ? null : word === 'true';
    if (sign === '[') return list(depth);
    if (sign === '{') return object(depth);
    throw new SyntaxError(`JSON: expected a value before ${position}`);
  };
  const list = (depth: number): unknown[] => {
    const items: unknown[] = [];
    for (let found = next(); found[1] !== ']'; found = next()) {
      if (items.length > 0) {
        expect(found, ',');
        found = next();
      }
      items.push(value(found, depth + 1));
    }
    return items;
  };
  const object = (depth: number): unknown => {
    const entries = new Map<string, unknown>();
    for (let found = next(); found[1] !== '}'; found = next()) {
      if (entries.size > 0) {
        expect(found, ',');
        found = next();
      }
      if (found[2] === undefined) throw new SyntaxError(`JSON: expected a key before ${position}`);
      const key: string = JSON.parse(`"${found[2]}"`);
      expect(next(), ':');
      entries.set(key, value(next(), depth + 1));
    }
    return [...entries.keys()].some((key) => /^\d+$/.test(key)) ? entries : Object.fromEntries(entries);
  };

  const parsed = value(next(), 0);
  if (/\S/.test(text.slice(position))) throw new SyntaxError(`JSON: unexpected character at ${position}`);
  return parsed;
}

function numberValue(text: string): unknown {
  const number = Number(text);
  if (/[.eE]/.test(text)) return Number.isInteger(number) ? new TemplateFloat(number) : number;
  return Number.isSafeInteger(number) ? number : BigInt(text);
}
