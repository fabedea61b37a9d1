// A literal as Python or a careless JSON writer spells it: '...' and "..." strings, True/False/None, tuples, trailing commas, raw line
// breaks inside strings. Used for pythonic formats, for templates that print a dict with str(), and as the narrow repair of complete but
// malformed JSON (rule 11). It never completes anything: an unterminated string or bracket is an error. Nothing is evaluated.
import { type Json, setOwn, toNumber } from '../json.ts';

const words: Readonly<Record<string, Json>> = {
  True: true,
  False: false,
  None: null,
  true: true,
  false: false,
  null: null,
};
const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  f: '\f',
  v: '\v',
  a: '\x07',
  0: '\0',
  '\\': '\\',
  '/': '/',
  "'": "'",
  '"': '"',
  '\n': '',
};

/** A reader of literals over `text` that starts at `at`; the pythonic call reader shares it. */
export class LiteralReader {
  readonly text: string;
  at: number;
  /** False: a raw line break in a string is an error, as in Python. */
  private readonly rawBreaks: boolean;
  /** Says that what begins here belongs to somebody else, though no comma was written before it. */
  private readonly glued: (at: number) => boolean;
  constructor(
    text: string,
    options: { readonly rawBreaks?: boolean; readonly glued?: (at: number) => boolean } = {},
  ) {
    this.text = text;
    this.at = 0;
    this.rawBreaks = options.rawBreaks ?? true;
    this.glued = options.glued ?? (() => false);
  }
  wrong(what: string): SyntaxError {
    return new SyntaxError(`literal: ${what} at offset ${this.at}`);
  }
  space(): void {
    while (/\s/.test(this.text[this.at] ?? '')) this.at++;
  }
  /** Consumes `token` after white space, or says that it is not there. */
  take(token: string): boolean {
    this.space();
    if (!this.text.startsWith(token, this.at)) return false;
    this.at += token.length;
    return true;
  }
  need(token: string): void {
    if (!this.take(token)) throw this.wrong(`expected ${token}`);
  }
  /** An identifier, dots allowed (`module.function`). */
  identifier(): string | undefined {
    this.space();
    const match = /^[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)*/u.exec(
      this.text.slice(this.at, this.at + 256),
    );
    if (match) this.at += match[0].length;
    return match?.[0];
  }
  value(depth = 0): Json {
    if (depth > 256) throw this.wrong('nesting deeper than 256');
    this.space();
    const c = this.text[this.at];
    if (c === '"' || c === "'") {
      let whole = this.string();
      // Python joins adjacent strings.
      for (this.space(); this.text[this.at] === '"' || this.text[this.at] === "'"; this.space())
        whole += this.string();
      return whole;
    }
    if (c === '{') return this.braces(depth);
    if (c === '[') return this.list(']', depth);
    if (c === '(') return this.list(')', depth);
    const number = /^[+-]?(?:\d[\d_]*(?:\.[\d_]*)?|\.\d+)(?:[eE][+-]?\d+)?/.exec(
      this.text.slice(this.at, this.at + 400),
    );
    if (number) {
      this.at += number[0].length;
      if (/[\p{L}_]/u.test(this.text[this.at] ?? '') && !this.glued(this.at))
        throw this.wrong('malformed number');
      return toNumber(number[0].replace(/_/g, '').replace(/^\+/, ''));
    }
    for (const [word, constant] of Object.entries(words)) {
      const end = this.at + word.length;
      if (!this.text.startsWith(word, this.at)) continue;
      if (/[\p{L}\p{N}_.]/u.test(this.text[end] ?? '') && !this.glued(end)) continue;
      this.at = end;
      return constant;
    }
    throw this.wrong('expected a literal');
  }
  private list(close: string, depth: number): Json {
    this.at++;
    const list: Json[] = [];
    for (;;) {
      if (this.take(close)) return list;
      list.push(this.value(depth + 1));
      if (this.take(',')) continue;
      this.space();
      // Some templates forget the comma between the objects of a list of calls.
      if (close === ']' && this.text[this.at] === '{') continue;
      this.need(close);
      return list;
    }
  }
  private braces(depth: number): Json {
    this.at++;
    const object: Record<string, Json> = {};
    for (;;) {
      if (this.take('}')) return object;
      this.space();
      const quoted = this.text[this.at] === '"' || this.text[this.at] === "'";
      const key = quoted ? this.string() : this.identifier();
      if (key === undefined) throw this.wrong('expected a key');
      if (Object.hasOwn(object, key)) throw this.wrong(`duplicate key ${JSON.stringify(key)}`);
      this.need(':');
      setOwn(object, key, this.value(depth + 1));
      if (!this.take(',')) {
        this.need('}');
        return object;
      }
    }
  }
  private string(): string {
    const quote = this.text[this.at] as string;
    const triple = this.text.startsWith(quote.repeat(3), this.at);
    const close = triple ? quote.repeat(3) : quote;
    let out = '';
    this.at += close.length;
    while (this.at < this.text.length) {
      if (this.text.startsWith(close, this.at)) {
        this.at += close.length;
        return out;
      }
      if (this.text[this.at] !== '\\') {
        if (this.text[this.at] === '\n' && !triple && !this.rawBreaks)
          throw this.wrong('line break in a string');
        out += this.text[this.at++];
        continue;
      }
      const rest = this.text.slice(this.at + 1, this.at + 11);
      const hex = /^(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/.exec(rest);
      if (hex) {
        const code = Number.parseInt(hex[1] ?? hex[2] ?? hex[3] ?? '', 16);
        if (code > 0x10ffff) throw this.wrong('escape beyond U+10FFFF');
        out += hex[3] ? String.fromCodePoint(code) : String.fromCharCode(code);
        this.at += 1 + hex[0].length;
        continue;
      }
      const escaped = rest[0];
      if (escaped === undefined) throw this.wrong('unterminated string');
      // An escape that neither language has keeps its backslash, as Python does.
      out += escapes[escaped] ?? `\\${escaped}`;
      this.at += 2;
    }
    throw this.wrong('unterminated string');
  }
}

/** The one literal that is all of `text`. @throws SyntaxError when it is anything else, a cut literal included. */
export function parseLiteral(text: string): Json {
  const reader = new LiteralReader(text);
  const value = reader.value();
  reader.space();
  if (reader.at < text.length) throw reader.wrong('text after the literal');
  return value;
}

/** Whether all of `text` is one literal, complete. */
export function isLiteral(text: string): boolean {
  try {
    parseLiteral(text.trim());
    return true;
  } catch {
    return false;
  }
}
