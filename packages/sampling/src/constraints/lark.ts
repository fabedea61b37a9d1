// A Lark-like EBNF: `rule: a | b -> alias`, TERMINALS, "text", "text"i, /regex/i?, "a".."z", ( ), [optional], * + ? ~n
// ~n..m, %ignore. Imports of Lark's common terminals are known by name; anything else imported is refused.
import { UnsupportedConstraintError } from './errors.ts';
import { type Expression, textNode } from './grammar-tree.ts';
import { parseRegex, type RegexNode } from './regex.ts';

const common: Readonly<Record<string, string>> = {
  DIGIT: '[0-9]',
  HEXDIGIT: '[0-9a-fA-F]',
  INT: '[0-9]+',
  SIGNED_INT: '[+-]?[0-9]+',
  DECIMAL: '[0-9]+\\.[0-9]*|\\.[0-9]+',
  FLOAT: '[0-9]+[eE][+-]?[0-9]+|([0-9]+\\.[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?',
  SIGNED_FLOAT: '[+-]?([0-9]+[eE][+-]?[0-9]+|([0-9]+\\.[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?)',
  NUMBER: '[0-9]+([eE][+-]?[0-9]+)?|([0-9]+\\.[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?',
  SIGNED_NUMBER: '[+-]?([0-9]+([eE][+-]?[0-9]+)?|([0-9]+\\.[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?)',
  ESCAPED_STRING: '"([^"\\\\\\n]|\\\\.)*"',
  LCASE_LETTER: '[a-z]',
  UCASE_LETTER: '[A-Z]',
  LETTER: '[A-Za-z]',
  WORD: '[A-Za-z]+',
  CNAME: '[_A-Za-z][_A-Za-z0-9]*',
  WS_INLINE: '[ \\t]+',
  WS: '[ \\t\\f\\r\\n]+',
  CR: '\\r',
  LF: '\\n',
  NEWLINE: '(\\r?\\n)+',
};

/** Parses the rules of a Lark-like text; ignored terminals may stand behind every terminal and before the start. */
export function parseLark(text: string): Map<string, Expression> {
  const tokens = tokenize(text);
  const rules = new Map<string, Expression>();
  const ignored: Expression[] = [];
  let at = 0;
  let inTerminal = false;
  const ignoring = tokens.some((t) => t === '%ignore');
  const peek = (): string => tokens[at] ?? '\n';
  const fail = (what: string): never => {
    throw new SyntaxError(`grammar: ${what}, got ${JSON.stringify(peek())}`);
  };
  const expect = (token: string): void => {
    if (tokens[at++] !== token) {
      at--;
      fail(`expected ${token}`);
    }
  };
  const spaced = (e: Expression): Expression =>
    ignoring && !inTerminal ? { kind: 'sequence', items: [e, { kind: 'rule', name: '%ignored' }] } : e;
  const atom = (): Expression => {
    const token = tokens[at++];
    if (token === '(') {
      const inner = alternatives();
      expect(')');
      return inner;
    }
    if (token === '[') {
      const inner = alternatives();
      expect(']');
      return { kind: 'repeat', item: inner, min: 0, max: 1 };
    }
    if (/^[!?]?[a-zA-Z_]/.test(token ?? '')) {
      const rule: Expression = { kind: 'rule', name: token };
      return /^_?[A-Z]/.test(token) ? spaced(rule) : rule;
    }
    if (token?.startsWith('"')) {
      const { content, fold } = literal(token);
      if (peek() === '..') {
        at++;
        const high = literal(tokens[at++] ?? '').content;
        const [lo, hi] = [content.codePointAt(0) ?? 0, high.codePointAt(0) ?? 0];
        return spaced({ kind: 'regex', node: { kind: 'chars', ranges: [lo, hi] } });
      }
      return spaced({ kind: 'regex', node: fold ? foldedNode(content) : textNode(content) });
    }
    if (token?.startsWith('/')) {
      const end = token.lastIndexOf('/');
      if (token.slice(end + 1).replace(/[us]/g, '') !== '')
        throw new UnsupportedConstraintError('regex flags', token);
      return spaced({ kind: 'regex', node: parseRegex(token.slice(1, end).replace(/\\\//g, '/')) });
    }
    at--;
    return fail('expected an item');
  };
  const item = (): Expression => {
    let e = atom();
    for (;;) {
      const q = peek();
      if (q === '*' || q === '+' || q === '?') {
        at++;
        e = { kind: 'repeat', item: e, min: q === '+' ? 1 : 0, max: q === '?' ? 1 : Infinity };
      } else if (q === '~') {
        at++;
        const min = Number(tokens[at++]);
        let max = min;
        if (peek() === '..') {
          at++;
          max = Number(tokens[at++]);
        }
        if (!(max >= min)) fail('expected a repetition');
        e = { kind: 'repeat', item: e, min, max };
      } else return e;
    }
  };
  function alternatives(): Expression {
    const items: Expression[] = [];
    for (;;) {
      const sequence: Expression[] = [];
      while (!['\n', '|', ')', ']', '->'].includes(peek())) sequence.push(item());
      if (peek() === '->') at += 2;
      items.push(sequence.length === 1 ? sequence[0] : { kind: 'sequence', items: sequence });
      while (peek() === '\n' && tokens.slice(at).find((t) => t !== '\n') === '|') at++;
      if (peek() !== '|') return items.length === 1 ? items[0] : { kind: 'choice', items };
      at++;
      while (at < tokens.length && peek() === '\n') at++;
    }
  }
  while (at < tokens.length) {
    const token = tokens[at++];
    if (token === '\n') continue;
    if (token === '%ignore') {
      inTerminal = true;
      ignored.push(alternatives());
      continue;
    }
    if (token === '%import') {
      const source = tokens[at++] ?? '';
      const name = source.replace(/^common\./, '');
      if (!source.startsWith('common.') || !Object.hasOwn(common, name))
        throw new UnsupportedConstraintError('%import', source);
      let alias = name;
      if (peek() === '->') {
        alias = tokens[at + 1];
        at += 2;
      }
      rules.set(alias, { kind: 'regex', node: parseRegex(common[name]) });
      continue;
    }
    if (token.startsWith('%')) throw new UnsupportedConstraintError(token, 'grammar');
    const name = token.replace(/^[!?]+/, '');
    if (!/^[A-Za-z_]/.test(name)) {
      at--;
      fail('expected a rule');
    }
    if (peek() === '.') at += 2; // a priority
    expect(':');
    inTerminal = /^_?[A-Z]/.test(name);
    rules.set(name, alternatives());
  }
  if (ignoring) {
    rules.set('%ignored', {
      kind: 'repeat',
      item: { kind: 'choice', items: ignored },
      min: 0,
      max: Infinity,
    });
    const start = rules.get('start');
    if (start !== undefined) {
      rules.set('%start', start);
      rules.set('start', {
        kind: 'sequence',
        items: [
          { kind: 'rule', name: '%ignored' },
          { kind: 'rule', name: '%start' },
        ],
      });
    }
  }
  return rules;
}

function literal(token: string): { content: string; fold: boolean } {
  const end = token.lastIndexOf('"');
  try {
    return { content: JSON.parse(token.slice(0, end + 1)) as string, fold: token.slice(end + 1) === 'i' };
  } catch {
    throw new SyntaxError(`grammar: bad string ${token}`);
  }
}

function foldedNode(text: string): RegexNode {
  return {
    kind: 'sequence',
    items: [...text].map((char) => ({
      kind: 'chars',
      ranges: [...new Set([char.toLowerCase(), char.toUpperCase()])]
        .map((c) => c.codePointAt(0) as number)
        .sort((a, b) => a - b)
        .flatMap((c) => [c, c]),
    })),
  };
}

function tokenize(text: string): string[] {
  const pattern =
    /(\/\/[^\n]*|#[^\n]*)|"(?:[^"\\\n]|\\.)*"i?|\/(?:[^/\\\n]|\\.)+\/[a-z]*|%[a-z]+|->|\.\.|[!?]*[A-Za-z_][A-Za-z0-9_.]*|\d+|[:|()[\]*+?~.]|\n|([ \t\r]+)/gy;
  const tokens: string[] = [];
  while (pattern.lastIndex < text.length) {
    const from = pattern.lastIndex;
    const match = pattern.exec(text);
    if (match === null)
      throw new SyntaxError(`grammar: unexpected ${JSON.stringify(text.slice(from, from + 20))}`);
    if (match[1] === undefined && match[2] === undefined) tokens.push(match[0]);
  }
  return tokens;
}
