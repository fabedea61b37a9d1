// Template source -> tokens: Jinja2 3.1's lexer with the options transformers uses (trim_blocks, lstrip_blocks, no line
// statements, one trailing newline dropped). https://github.com/pallets/jinja/blob/3.1.6/src/jinja2/lexer.py
import { decodeStringLiteral } from './string-literal.ts';
import { ChatTemplateError } from './template-error.ts';

export type TokenType =
  | 'data'
  | 'open'
  | 'close'
  | 'name'
  | 'string'
  | 'integer'
  | 'float'
  | 'operator'
  | 'end';

/** `open` and `close` have the value `{%`, `{{`, `%}` or `}}`. */
export interface Token {
  readonly type: TokenType;
  readonly value: string;
  readonly line: number;
}

// Python's \s for text, which is not JavaScript's: \x1c-\x1f and \x85 are in it, \ufeff is not.
export const whitespaceClass =
  '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const ws = `[${whitespaceClass}]`;
const tagStart = /\{[{%#]/g;
const rawBegin = new RegExp(`\\{%([-+]?)${ws}*raw${ws}*(?:-%\\}${ws}*|%\\})`, 'y');
const rawEnd = new RegExp(`\\{%([-+]?)${ws}*endraw${ws}*(?:\\+%\\}|-%\\}${ws}*|%\\}\\n?)`, 'g');
const commentEnd = new RegExp(`\\+#\\}|-#\\}${ws}*|#\\}\\n?`, 'g');
const blockEnd = new RegExp(`\\+%\\}|-%\\}${ws}*|%\\}\\n?`, 'y');
const variableEnd = new RegExp(`-\\}\\}${ws}*|\\}\\}`, 'y');
const blank = new RegExp(`^${ws}+$`);
const space = new RegExp(`${ws}+`, 'y');
const float = /(?<!\.)(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/iy;
const integer = /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy;
const name = /[\p{ID_Continue}]+/uy;
const string = /'(?:[^'\\]|\\[\s\S])*'|"(?:[^"\\]|\\[\s\S])*"/y;
const operator = /\/\/|\*\*|==|!=|>=|<=|[-+/*%~[\](){}><=.:|,;]/y;
const rules: readonly (readonly [TokenType, RegExp])[] = [
  ['float', float],
  ['integer', integer],
  ['name', name],
  ['string', string],
  ['operator', operator],
];
const closers: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/** Splits a template into tokens; a malformed one is a {@link ChatTemplateError} with reason `syntax`. */
export function tokenize(template: string): Token[] {
  const source = template.replace(/\r\n|\r/g, '\n').replace(/\n$/, '');
  const tokens: Token[] = [];
  let position = 0;
  let line = 1;
  let lineStarting = true;

  const syntax = (message: string): never => {
    throw new ChatTemplateError('syntax', message, line);
  };
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = position;
    return pattern.exec(source);
  };
  const push = (type: TokenType, value: string): void => {
    tokens.push({ type, value, line });
  };
  const advance = (end: number): void => {
    for (let i = position; i < end; i++) if (source.charCodeAt(i) === 10) line++;
    lineStarting = end > position ? source.charCodeAt(end - 1) === 10 : false;
    position = end;
  };
  // The text before a tag, with the whitespace taken off that the tag's sign or lstrip_blocks says.
  const data = (end: number, sign: string, variable: boolean): void => {
    let text = source.slice(position, end);
    if (sign === '-') {
      let length = text.length;
      while (length > 0 && blank.test(text[length - 1])) length--;
      text = text.slice(0, length);
    } else if (sign !== '+' && !variable) {
      const lineStart = text.lastIndexOf('\n') + 1;
      if ((lineStart > 0 || lineStarting) && blank.test(text.slice(lineStart)))
        text = text.slice(0, lineStart);
    }
    if (text !== '') push('data', text);
  };

  const balance = (sign: string, open: string[]): void => {
    if (sign in closers) open.push(closers[sign]);
    else if (sign === ')' || sign === ']' || sign === '}') {
      const expected = open.pop();
      if (expected !== sign)
        syntax(
          expected === undefined ? `unexpected '${sign}'` : `unexpected '${sign}', expected '${expected}'`,
        );
    }
  };

  const expression = (close: RegExp, closing: string): undefined => {
    const open: string[] = [];
    while (position < source.length) {
      if (open.length === 0 && match(close) !== null) {
        push('close', closing);
        advance(close.lastIndex);
        return undefined;
      }
      if (match(space) !== null) {
        advance(space.lastIndex);
        continue;
      }
      const rule = rules.find(([, pattern]) => match(pattern) !== null);
      if (rule === undefined) return syntax(`unexpected character ${JSON.stringify(source[position])}`);
      const [type, pattern] = rule;
      const text = source.slice(position, pattern.lastIndex);
      if (type === 'operator') balance(text, open);
      if (type === 'name' && !/^[\p{ID_Start}_]/u.test(text))
        syntax(`unexpected character in the name ${text}`);
      push(type, type === 'string' ? literal(text) : type === 'name' ? text : text.replaceAll('_', ''));
      advance(pattern.lastIndex);
    }
    return undefined;
  };
  const literal = (quoted: string): string => {
    try {
      return decodeStringLiteral(quoted.slice(1, -1));
    } catch (error) {
      return syntax((error as Error).message);
    }
  };

  while (position < source.length) {
    tagStart.lastIndex = position;
    const tag = tagStart.exec(source);
    if (tag === null) {
      push('data', source.slice(position));
      break;
    }
    const at = tag.index;
    rawBegin.lastIndex = at;
    const raw = rawBegin.exec(source);
    if (raw !== null) {
      data(at, raw[1], false);
      advance(rawBegin.lastIndex);
      const end = match(rawEnd);
      if (end === null) return syntax('expected {% endraw %}');
      data(end.index, end[1], false);
      advance(rawEnd.lastIndex);
      continue;
    }
    const sign = /[-+]/.test(source[at + 2] ?? '') ? source[at + 2] : '';
    const kind = tag[0];
    data(at, sign, kind === '{{');
    advance(at + 2 + sign.length);
    if (kind === '{#') {
      if (match(commentEnd) === null) return syntax('expected the end of the comment');
      advance(commentEnd.lastIndex);
    } else {
      push('open', kind);
      if (kind === '{%') expression(blockEnd, '%}');
      else expression(variableEnd, '}}');
    }
  }
  push('end', '');
  return tokens;
}
