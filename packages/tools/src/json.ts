// JSON as this package keeps it: plain values, plus bigint for integers that a double cannot hold, so that an account number written by a
// model reaches the tool digit for digit. `parseJson` is strict (RFC 8259) and also refuses duplicate keys: a model that writes the same
// key twice has said two things, and whoever checks one and runs the other has a hole. Depth is bounded, input is never evaluated.

/** A JSON value; integers beyond 2^53 are bigint. */
export type Json = null | boolean | number | bigint | string | readonly Json[] | JsonObject;
/** A JSON object. Keys are own properties, also `__proto__`. */
export interface JsonObject {
  readonly [key: string]: Json;
}

const maxDepth = 256;

/**
 * `parseJson(text)`: the value of one JSON text, strictly; duplicate keys and nesting deeper than 256 are refused.
 *
 * @throws SyntaxError with the offset of the first wrong character.
 */
export function parseJson(text: string): Json {
  let at = 0;
  const wrong = (what: string): SyntaxError => new SyntaxError(`json: ${what} at offset ${at}`);
  const space = (): void => {
    while (text[at] === ' ' || text[at] === '\n' || text[at] === '\t' || text[at] === '\r') at++;
  };
  const string = (): string => {
    const end = closingQuote(text, at);
    if (end < 0) throw wrong('unterminated string');
    const raw = text.slice(at, end + 1);
    let value: string;
    try {
      value = JSON.parse(raw) as string;
    } catch {
      throw wrong('malformed string');
    }
    at = end + 1;
    return value;
  };
  const value = (depth: number): Json => {
    if (depth > maxDepth) throw wrong(`nesting deeper than ${maxDepth}`);
    space();
    const c = text[at];
    if (c === '"') return string();
    if (c === '{') {
      at++;
      const object: Record<string, Json> = {};
      space();
      if (text[at] === '}') {
        at++;
        return object;
      }
      for (;;) {
        space();
        if (text[at] !== '"') throw wrong('expected a quoted key');
        const key = string();
        if (Object.hasOwn(object, key)) throw wrong(`duplicate key ${JSON.stringify(key)}`);
        space();
        if (text[at] !== ':') throw wrong('expected :');
        at++;
        setOwn(object, key, value(depth + 1));
        space();
        if (text[at] === ',') {
          at++;
          continue;
        }
        if (text[at] !== '}') throw wrong('expected , or }');
        at++;
        return object;
      }
    }
    if (c === '[') {
      at++;
      const list: Json[] = [];
      space();
      if (text[at] === ']') {
        at++;
        return list;
      }
      for (;;) {
        list.push(value(depth + 1));
        space();
        if (text[at] === ',') {
          at++;
          continue;
        }
        if (text[at] !== ']') throw wrong('expected , or ]');
        at++;
        return list;
      }
    }
    for (const [word, constant] of constants)
      if (text.startsWith(word, at)) {
        at += word.length;
        return constant;
      }
    numberPattern.lastIndex = at;
    const number = numberPattern.exec(text)?.[0];
    if (number === undefined) throw wrong('expected a value');
    at += number.length;
    return toNumber(number);
  };
  const result = value(0);
  space();
  if (at < text.length) throw wrong('text after the value');
  return result;
}

const constants: readonly (readonly [string, Json])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
];
const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** The number that a JSON numeral means: a bigint when it is an integer that a double would round. */
export function toNumber(numeral: string): number | bigint {
  const value = Number(numeral);
  return /^-?\d+$/.test(numeral) && !Number.isSafeInteger(value) ? BigInt(numeral) : value;
}

/** Offset of the quote that closes the string opened at `open`, or -1. */
function closingQuote(text: string, open: number): number {
  for (let i = open + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '"') return i;
  }
  return -1;
}

/** Sets an own property whatever the key is called (`__proto__` included). */
export function setOwn(object: Record<string, Json>, key: string, value: Json): void {
  if (key === '__proto__')
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else object[key] = value;
}

/** True for a JSON object (not null, not a list). */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON text of a value; bigints are written as their digits. `style: 'python'` puts a space after `,` and `:` as json.dumps does. */
export function writeJson(value: Json, style: 'compact' | 'python' = 'compact'): string {
  const [comma, colon] = style === 'python' ? [', ', ': '] : [',', ':'];
  const write = (v: Json): string => {
    if (typeof v === 'bigint') return String(v);
    if (typeof v === 'number') return Number.isFinite(v) ? String(v) : 'null';
    if (v === null || typeof v !== 'object') return JSON.stringify(v) ?? 'null';
    if (Array.isArray(v)) return `[${v.map(write).join(comma)}]`;
    return `{${Object.entries(v as JsonObject)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => JSON.stringify(key) + colon + write(item))
      .join(comma)}}`;
  };
  return write(value);
}

/** JSON text with sorted keys: equal values have equal text (for hashes, duplicate guards and signatures). */
export function canonicalJson(value: Json): string {
  const sort = (v: Json): Json => {
    if (Array.isArray(v)) return v.map(sort);
    if (!isObject(v)) return v;
    const out: Record<string, Json> = {};
    for (const key of Object.keys(v).sort()) if (v[key] !== undefined) setOwn(out, key, sort(v[key]!));
    return out;
  };
  return writeJson(sort(value));
}
