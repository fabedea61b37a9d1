// Jinja2's expression grammar, precedence for precedence: `x if y else z` < or < and < not < comparison < + - < ~ <
// * / // % < ** < unary < postfix and filters. https://github.com/pallets/jinja/blob/3.1.6/src/jinja2/parser.py
import type { BinaryOperator, CallArguments, CompareOperator, Expression, Filter } from './nodes.ts';
import { Str } from './str.ts';
import { describe, type TokenStream } from './token-stream.ts';
import { float, int } from './values.ts';

const comparisons: readonly string[] = ['==', '!=', '<', '<=', '>', '>='];
const noArguments: CallArguments = { positional: [], named: [], spread: undefined, spreadNamed: undefined };
/** A left-leaning chain is walked to its end when it is evaluated: bound it. */
const maxChain = 2000;

/** One expression; `withCondition` false stops before `if` (the iterable of a for, the test of an if). */
export function parseExpression(stream: TokenStream, withCondition = true): Expression {
  return stream.nested(() => (withCondition ? parseCondition(stream) : parseOr(stream)));
}

function parseCondition(stream: TokenStream): Expression {
  let expression = parseOr(stream);
  let links = 0;
  while (stream.skip('name', 'if')) {
    chain(stream, ++links);
    const test = parseOr(stream);
    const otherwise = stream.skip('name', 'else') ? stream.nested(() => parseCondition(stream)) : undefined;
    expression = { type: 'condition', test, value: expression, otherwise };
  }
  return expression;
}

function chain(stream: TokenStream, links: number): void {
  if (links > maxChain) stream.fail(`expected at most ${maxChain} operators in a row`);
}

function parseOr(stream: TokenStream): Expression {
  let left = parseAnd(stream);
  for (let links = 0; stream.skip('name', 'or'); chain(stream, ++links))
    left = { type: 'or', left, right: parseAnd(stream) };
  return left;
}

function parseAnd(stream: TokenStream): Expression {
  let left = parseNot(stream);
  for (let links = 0; stream.skip('name', 'and'); chain(stream, ++links))
    left = { type: 'and', left, right: parseNot(stream) };
  return left;
}

function parseNot(stream: TokenStream): Expression {
  if (stream.skip('name', 'not'))
    return { type: 'unary', operator: 'not', operand: stream.nested(() => parseNot(stream)) };
  return parseCompare(stream);
}

function parseCompare(stream: TokenStream): Expression {
  const first = parseSum(stream);
  const rest: [CompareOperator, Expression][] = [];
  while (true) {
    if (stream.current.type === 'operator' && comparisons.includes(stream.current.value))
      rest.push([stream.next().value as CompareOperator, parseSum(stream)]);
    else if (stream.skip('name', 'in')) rest.push(['in', parseSum(stream)]);
    else if (stream.isName('not') && stream.following.type === 'name' && stream.following.value === 'in') {
      stream.next();
      stream.next();
      rest.push(['not in', parseSum(stream)]);
    } else break;
  }
  return rest.length === 0 ? first : { type: 'compare', first, rest };
}

function parseSum(stream: TokenStream): Expression {
  return leftAssociative(stream, ['+', '-'], parseConcat);
}

function parseConcat(stream: TokenStream): Expression {
  const parts = [parseProduct(stream)];
  while (stream.skip('operator', '~')) parts.push(parseProduct(stream));
  return parts.length === 1 ? parts[0] : { type: 'concat', parts };
}

function parseProduct(stream: TokenStream): Expression {
  return leftAssociative(stream, ['*', '/', '//', '%'], parsePower);
}

function parsePower(stream: TokenStream): Expression {
  return leftAssociative(stream, ['**'], parseUnary);
}

function leftAssociative(
  stream: TokenStream,
  operators: readonly string[],
  operand: (stream: TokenStream) => Expression,
): Expression {
  let left = operand(stream);
  for (let links = 0; stream.current.type === 'operator' && operators.includes(stream.current.value); ) {
    chain(stream, ++links);
    left = { type: 'binary', operator: stream.next().value as BinaryOperator, left, right: operand(stream) };
  }
  return left;
}

function parseUnary(stream: TokenStream, withFilter = true): Expression {
  let expression: Expression;
  if (stream.isOperator('-') || stream.isOperator('+')) {
    const operator = stream.next().value as '-' | '+';
    expression = { type: 'unary', operator, operand: stream.nested(() => parseUnary(stream, false)) };
  } else expression = parsePrimary(stream);
  expression = parsePostfix(stream, expression);
  return withFilter ? parseFilterExpression(stream, expression) : expression;
}

/** A name, a literal, or something in brackets. */
export function parsePrimary(stream: TokenStream): Expression {
  const token = stream.current;
  switch (token.type) {
    case 'name':
      stream.next();
      if (/^[Tt]rue$/.test(token.value)) return { type: 'constant', value: true };
      if (/^[Ff]alse$/.test(token.value)) return { type: 'constant', value: false };
      if (/^[Nn]one$/.test(token.value)) return { type: 'constant', value: null };
      return { type: 'name', name: token.value };
    case 'string': {
      let text = '';
      while (stream.is('string')) text += stream.next().value;
      return { type: 'constant', value: new Str(text) };
    }
    case 'integer':
      stream.next();
      return { type: 'constant', value: int(BigInt(token.value)) };
    case 'float':
      stream.next();
      return { type: 'constant', value: float(Number(token.value)) };
    case 'operator':
      if (token.value === '(') {
        stream.next();
        const inside = parseTuple(stream, { parentheses: true });
        stream.expect('operator', ')');
        return inside;
      }
      if (token.value === '[') return { type: 'list', items: parseItems(stream, ']') };
      if (token.value === '{') return parseDict(stream);
  }
  return stream.fail(`unexpected ${describe(token)}`);
}

function parseItems(stream: TokenStream, close: string): Expression[] {
  stream.next();
  const items: Expression[] = [];
  while (!stream.isOperator(close)) {
    if (items.length > 0) stream.expect('operator', ',');
    if (stream.isOperator(close)) break;
    items.push(parseExpression(stream));
  }
  stream.expect('operator', close);
  return items;
}

function parseDict(stream: TokenStream): Expression {
  stream.next();
  const pairs: [Expression, Expression][] = [];
  while (!stream.isOperator('}')) {
    if (pairs.length > 0) stream.expect('operator', ',');
    if (stream.isOperator('}')) break;
    const key = parseExpression(stream);
    stream.expect('operator', ':');
    pairs.push([key, parseExpression(stream)]);
  }
  stream.expect('operator', '}');
  return { type: 'dict', pairs };
}

/** `a, b` without brackets is a tuple, one expression is itself; `until` is a name that ends it. */
export function parseTuple(
  stream: TokenStream,
  options: {
    readonly parentheses?: boolean;
    readonly withCondition?: boolean;
    readonly until?: string;
    readonly item?: () => Expression;
  } = {},
): Expression {
  const items: Expression[] = [];
  let isTuple = false;
  while (true) {
    if (items.length > 0) stream.expect('operator', ',');
    if (stream.is('close') || stream.isOperator(')') || (options.until && stream.isName(options.until)))
      break;
    items.push(options.item ? options.item() : parseExpression(stream, options.withCondition ?? true));
    if (!stream.isOperator(',')) break;
    isTuple = true;
  }
  if (!isTuple) {
    if (items.length > 0) return items[0];
    if (!options.parentheses) stream.fail(`expected an expression, got ${describe(stream.current)}`);
  }
  return { type: 'tuple', items };
}

function parsePostfix(stream: TokenStream, start: Expression): Expression {
  let expression = start;
  for (let links = 0; ; chain(stream, ++links)) {
    if (stream.isOperator('.') || stream.isOperator('[')) expression = parseSubscript(stream, expression);
    else if (stream.isOperator('('))
      expression = { type: 'call', callee: expression, arguments: parseCallArguments(stream) };
    else return expression;
  }
}

function parseFilterExpression(stream: TokenStream, start: Expression): Expression {
  let expression = start;
  for (let links = 0; ; chain(stream, ++links)) {
    if (stream.isOperator('|')) expression = parseFilters(stream, expression)!;
    else if (stream.isName('is')) expression = parseTest(stream, expression);
    else if (stream.isOperator('('))
      expression = { type: 'call', callee: expression, arguments: parseCallArguments(stream) };
    else return expression;
  }
}

function parseSubscript(stream: TokenStream, object: Expression): Expression {
  if (stream.next().value === '.') {
    const token = stream.next();
    if (token.type === 'name') return { type: 'attribute', object, name: token.value };
    if (token.type !== 'integer') stream.fail('expected a name or a number after .', token.line);
    return { type: 'item', object, key: { type: 'constant', value: int(BigInt(token.value)) } };
  }
  const keys: Expression[] = [];
  while (!stream.isOperator(']')) {
    if (keys.length > 0) stream.expect('operator', ',');
    keys.push(parseSubscribed(stream));
  }
  stream.expect('operator', ']');
  return { type: 'item', object, key: keys.length === 1 ? keys[0] : { type: 'tuple', items: keys } };
}

function parseSubscribed(stream: TokenStream): Expression {
  const start = stream.isOperator(':') ? undefined : parseExpression(stream);
  if (start !== undefined && !stream.isOperator(':')) return start;
  stream.next();
  const atEnd = () => stream.isOperator(':') || stream.isOperator(']') || stream.isOperator(',');
  const stop = atEnd() ? undefined : parseExpression(stream);
  const step = stream.skip('operator', ':') && !atEnd() ? parseExpression(stream) : undefined;
  return { type: 'slice', start, stop, step };
}

/** `(a, b, name=c, *d, **e)` */
export function parseCallArguments(stream: TokenStream): CallArguments {
  const { line } = stream.expect('operator', '(');
  const positional: Expression[] = [];
  const named: [string, Expression][] = [];
  let spread: Expression | undefined;
  let spreadNamed: Expression | undefined;
  const ensure = (valid: boolean) => {
    if (!valid) stream.fail('invalid syntax in the arguments of a call', line);
  };
  for (let first = true; !stream.isOperator(')'); first = false) {
    if (!first) {
      stream.expect('operator', ',');
      if (stream.isOperator(')')) break;
    }
    if (stream.skip('operator', '*')) {
      ensure(spread === undefined && spreadNamed === undefined);
      spread = parseExpression(stream);
    } else if (stream.skip('operator', '**')) {
      ensure(spreadNamed === undefined);
      spreadNamed = parseExpression(stream);
    } else if (stream.is('name') && stream.following.type === 'operator' && stream.following.value === '=') {
      ensure(spreadNamed === undefined);
      const name = stream.next().value;
      stream.next();
      ensure(!named.some(([other]) => other === name));
      named.push([name, parseExpression(stream)]);
    } else {
      ensure(spread === undefined && spreadNamed === undefined && named.length === 0);
      positional.push(parseExpression(stream));
    }
  }
  stream.expect('operator', ')');
  return { positional, named, spread, spreadNamed };
}

/** `|a|b(1)`: the filters that follow; with `inline` the first has no bar (a filter block). */
export function parseFilters(
  stream: TokenStream,
  start: Expression | undefined,
  inline = false,
): Expression | undefined {
  let expression = start;
  for (let first = inline, links = 0; first || stream.isOperator('|'); first = false) {
    chain(stream, ++links);
    if (!first) stream.next();
    const filter = parseDottedCall(stream, () => noArguments);
    expression = { type: 'filter', input: expression, filter };
  }
  return expression;
}

function parseTest(stream: TokenStream, input: Expression): Expression {
  stream.next();
  const negated = stream.skip('name', 'not');
  const filter = parseDottedCall(stream, () => {
    const token = stream.current;
    const argument =
      ['name', 'string', 'integer', 'float'].includes(token.type) ||
      stream.isOperator('[') ||
      stream.isOperator('{');
    if (!argument || (token.type === 'name' && ['else', 'or', 'and'].includes(token.value)))
      return noArguments;
    if (stream.isName('is')) stream.fail('tests cannot be chained with is');
    return { ...noArguments, positional: [parsePostfix(stream, parsePrimary(stream))] };
  });
  const test: Expression = { type: 'test', input, filter };
  return negated ? { type: 'unary', operator: 'not', operand: test } : test;
}

function parseDottedCall(stream: TokenStream, without: () => CallArguments): Filter {
  let name = stream.expect('name').value;
  while (stream.skip('operator', '.')) name += `.${stream.expect('name').value}`;
  return { name, arguments: stream.isOperator('(') ? parseCallArguments(stream) : without() };
}
