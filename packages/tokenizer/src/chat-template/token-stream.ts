// The parser's view of the tokens: one token of look-ahead, tests by type and value, errors that name both.
import type { Token, TokenType } from './lexer.ts';
import { ChatTemplateError } from './template-error.ts';

/** How deep expressions and statements may nest; Python's own parser gives up at about 90 parentheses. */
const maxNesting = 150;

export class TokenStream {
  private readonly tokens: readonly Token[];
  private position = 0;
  private depth = 0;

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  get current(): Token {
    return this.tokens[this.position];
  }

  get following(): Token {
    return this.tokens[Math.min(this.position + 1, this.tokens.length - 1)];
  }

  next(): Token {
    const token = this.current;
    if (token.type !== 'end') this.position++;
    return token;
  }

  is(type: TokenType, value?: string): boolean {
    const token = this.current;
    return token.type === type && (value === undefined || token.value === value);
  }

  isOperator(value: string): boolean {
    return this.is('operator', value);
  }

  isName(value: string): boolean {
    return this.is('name', value);
  }

  skip(type: TokenType, value: string): boolean {
    if (!this.is(type, value)) return false;
    this.next();
    return true;
  }

  expect(type: TokenType, value?: string): Token {
    if (!this.is(type, value)) this.fail(`expected ${value ?? type}, got ${describe(this.current)}`);
    return this.next();
  }

  fail(message: string, line: number = this.current.line): never {
    throw new ChatTemplateError('syntax', message, line);
  }

  /** Parses one level deeper, and refuses a template that nests without end. */
  nested<T>(parse: () => T): T {
    if (++this.depth > maxNesting) this.fail(`expected at most ${maxNesting} levels of nesting`);
    const result = parse();
    this.depth--;
    return result;
  }
}

export function describe(token: Token): string {
  if (token.type === 'end') return 'the end of the template';
  return token.type === 'operator' || token.type === 'name' || token.type === 'close' || token.type === 'open'
    ? token.value
    : token.type;
}
