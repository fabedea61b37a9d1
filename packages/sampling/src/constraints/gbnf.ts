// GBNF, llama.cpp's grammar notation: `name ::= alternatives`, "text", [class], (group), . * + ? {m,n}, # comments.
// Rules end at a line's end outside of parentheses. Token references <...> are refused.
import { anyChar, negateRanges, normalizeRanges } from './char-ranges.ts';
import { UnsupportedConstraintError } from './errors.ts';
import { type Expression, textNode } from './grammar-tree.ts';

/** Parses the rules of a GBNF text. */
export function parseGbnf(text: string): Map<string, Expression> {
  const chars = [...text];
  let at = 0;
  const fail = (what: string): never => {
    const line = chars.slice(0, at).filter((c) => c === '\n').length + 1;
    throw new SyntaxError(`grammar: ${what}, line ${line}`);
  };
  const blank = (lines: boolean): void => {
    for (;;) {
      const c = chars[at];
      if (c === '#') while (at < chars.length && chars[at] !== '\n') at++;
      else if (c === ' ' || c === '\t' || c === '\r' || (c === '\n' && lines)) at++;
      else return;
    }
  };
  const name = (): string => {
    const from = at;
    while (at < chars.length && /[A-Za-z0-9_-]/.test(chars[at])) at++;
    if (at === from) fail(`expected a name, got ${JSON.stringify(chars[at] ?? 'the end')}`);
    return chars.slice(from, at).join('');
  };
  const hex = (count: number): number => {
    const digits = chars.slice(at, at + count).join('');
    if (!/^[0-9a-fA-F]+$/.test(digits) || digits.length < count) fail('bad escape');
    at += count;
    return Number.parseInt(digits, 16);
  };
  const char = (): number => {
    const c = chars[at++];
    if (c === undefined) return fail('unexpected end');
    if (c !== '\\') return c.codePointAt(0) as number;
    const e = chars[at++];
    switch (e) {
      case 'x':
        return hex(2);
      case 'u':
        return hex(4);
      case 'U':
        return hex(8);
      case 't':
        return 9;
      case 'r':
        return 13;
      case 'n':
        return 10;
      case '\\':
      case '"':
      case '[':
      case ']':
      case '-':
      case '^':
        return e.charCodeAt(0);
      default:
        return fail(`unknown escape \\${e}`);
    }
  };
  const item = (nested: boolean): Expression => {
    const c = chars[at];
    let result: Expression;
    if (c === '"') {
      at++;
      let content = '';
      while (chars[at] !== '"') content += String.fromCodePoint(char());
      at++;
      result = { kind: 'regex', node: textNode(content) };
    } else if (c === '[') {
      at++;
      const negated = chars[at] === '^';
      if (negated) at++;
      const ranges: number[] = [];
      while (chars[at] !== ']') {
        const lo = char();
        if (chars[at] === '-' && chars[at + 1] !== ']') {
          at++;
          ranges.push(lo, char());
        } else ranges.push(lo, lo);
      }
      at++;
      const merged = normalizeRanges(ranges);
      result = { kind: 'regex', node: { kind: 'chars', ranges: negated ? negateRanges(merged) : merged } };
    } else if (c === '.') {
      at++;
      result = { kind: 'regex', node: { kind: 'chars', ranges: anyChar } };
    } else if (c === '(') {
      at++;
      blank(true);
      result = alternatives(true);
      if (chars[at] !== ')') fail('missing )');
      at++;
    } else if (c === '<' || c === '!')
      throw new UnsupportedConstraintError('token reference', `offset ${at}`);
    else result = { kind: 'rule', name: name() };
    blank(nested);
    for (;;) {
      const q = chars[at];
      if (q === '*') result = { kind: 'repeat', item: result, min: 0, max: Infinity };
      else if (q === '+') result = { kind: 'repeat', item: result, min: 1, max: Infinity };
      else if (q === '?') result = { kind: 'repeat', item: result, min: 0, max: 1 };
      else if (q === '{') {
        const match = /^\{\s*(\d*)\s*(,?)\s*(\d*)\s*\}/.exec(chars.slice(at, at + 40).join(''));
        if (match === null || (match[1] === '' && match[3] === '')) return fail('bad repetition');
        const min = match[1] === '' ? 0 : Number(match[1]);
        const max = match[2] === '' ? min : match[3] === '' ? Infinity : Number(match[3]);
        if (max < min) fail('repetition out of order');
        result = { kind: 'repeat', item: result, min, max };
        at += match[0].length - 1;
      } else return result;
      at++;
      blank(nested);
    }
  };
  const sequence = (nested: boolean): Expression => {
    const items: Expression[] = [];
    while (at < chars.length && !/[|)\n]/.test(chars[at])) items.push(item(nested));
    return items.length === 1 ? items[0] : { kind: 'sequence', items };
  };
  function alternatives(nested: boolean): Expression {
    const items = [sequence(nested)];
    blank(nested);
    for (;;) {
      // A line that begins with | goes on with the rule.
      const before = at;
      blank(true);
      if (chars[at] !== '|') {
        at = nested ? at : before;
        break;
      }
      at++;
      blank(true);
      items.push(sequence(nested));
      blank(nested);
    }
    return items.length === 1 ? items[0] : { kind: 'choice', items };
  }
  const rules = new Map<string, Expression>();
  blank(true);
  while (at < chars.length) {
    const rule = name();
    blank(false);
    if (chars.slice(at, at + 3).join('') !== '::=') fail('expected ::=');
    at += 3;
    blank(true);
    const body = alternatives(false);
    if (at < chars.length && chars[at] !== '\n') fail(`unexpected ${JSON.stringify(chars[at])}`);
    rules.set(rule, body);
    blank(true);
  }
  return rules;
}
