// Jinja2's statement grammar with transformers' `{% generation %}` and the loopcontrols extension.
import { tokenize } from './lexer.ts';
import type { Body, Call, Expression, Signature, Statement, Target } from './nodes.ts';
import { parseExpression, parseFilters, parsePrimary, parseTuple } from './parse-expression.ts';
import { TokenStream } from './token-stream.ts';

type Unlined = Statement extends infer S ? (S extends Statement ? Omit<S, 'line'> : never) : never;

interface Parser {
  readonly stream: TokenStream;
  readonly blocks: Set<string>;
  /** Loops around the current statement within the same function: where break and continue may stand. */
  loops: number;
  /** Loops around it at all: where `loop` may not be assigned. */
  enclosing: number;
}

/** Parses a template; a malformed one is a {@link ChatTemplateError} with reason `syntax`. */
export function parseTemplate(source: string): Body {
  const parser: Parser = {
    stream: new TokenStream(tokenize(source)),
    blocks: new Set(),
    loops: 0,
    enclosing: 0,
  };
  return parseBody(parser, []);
}

/** Statements up to one of the `ends`, which is not consumed. */
function parseBody(parser: Parser, ends: readonly string[]): Body {
  const { stream } = parser;
  return stream.nested(() => {
    const body: Statement[] = [];
    while (!stream.is('end')) {
      const { line } = stream.current;
      if (stream.is('data')) body.push({ type: 'data', text: stream.next().value, line });
      else if (stream.skip('open', '{{')) {
        body.push({ type: 'output', expression: parseTuple(stream), line });
        stream.expect('close', '}}');
      } else {
        stream.expect('open', '{%');
        if (stream.is('name') && ends.includes(stream.current.value)) return body;
        const tag = stream.expect('name').value;
        const parse = Object.hasOwn(tags, tag) ? tags[tag] : undefined;
        if (parse === undefined)
          return stream.fail(`unknown tag ${tag}${ends.length > 0 ? `, expected ${ends.join(' or ')}` : ''}`);
        const made = parse(parser);
        for (const statement of Array.isArray(made) ? made : [made])
          body.push({ ...(statement as Unlined), line } as Statement);
        stream.expect('close', '%}');
      }
    }
    if (ends.length > 0) stream.fail(`unexpected end of the template, expected ${ends.join(' or ')}`);
    return body;
  });
}

/** The statements of a tag, from its `%}` to the end tag's name, which is consumed. */
function parseInner(parser: Parser, end: string): Body {
  const body = parseUntil(parser, [end]);
  parser.stream.next();
  return body;
}

function parseUntil(parser: Parser, ends: readonly string[]): Body {
  parser.stream.skip('operator', ':');
  parser.stream.expect('close', '%}');
  return parseBody(parser, ends);
}

/** The body of a macro or call block: a function of its own, where an outer loop cannot be left. */
function parseFunctionBody(parser: Parser, end: string): Body {
  const { loops } = parser;
  parser.loops = 0;
  const body = parseInner(parser, end);
  parser.loops = loops;
  return body;
}

const external =
  (tag: string) =>
  (parser: Parser): Unlined => {
    while (!parser.stream.is('close') && !parser.stream.is('end')) parser.stream.next();
    return { type: 'external', tag };
  };

const tags: Readonly<Record<string, (parser: Parser) => Unlined | readonly Unlined[]>> = {
  for: parseFor,
  if: parseIf,
  set: parseSet,
  macro: (parser) => ({
    type: 'macro',
    name: parseName(parser),
    signature: parseSignature(parser),
    body: parseFunctionBody(parser, 'endmacro'),
  }),
  call: parseCallBlock,
  filter: (parser) => ({
    type: 'filter-block',
    filter: parseFilters(parser.stream, undefined, true)!,
    body: parseInner(parser, 'endfilter'),
  }),
  with: parseWith,
  block: parseBlock,
  autoescape: (parser) => ({
    type: 'autoescape',
    on: parseExpression(parser.stream),
    body: parseInner(parser, 'endautoescape'),
  }),
  generation: (parser) => ({ type: 'generation', body: parseFunctionBody(parser, 'endgeneration') }),
  print: parsePrint,
  break: (parser) => parseLoopControl(parser, 'break'),
  continue: (parser) => parseLoopControl(parser, 'continue'),
  include: external('include'),
  import: external('import'),
  from: external('from'),
  extends: external('extends'),
};

function parseLoopControl(parser: Parser, type: 'break' | 'continue'): Unlined {
  if (parser.loops === 0) parser.stream.fail(`${type} outside of a loop`);
  return { type };
}

function parseFor(parser: Parser): Unlined {
  const { stream } = parser;
  const target = parseTarget(parser, false, 'in', true);
  stream.expect('name', 'in');
  const iterable = parseTuple(stream, { withCondition: false, until: 'recursive' });
  const test = stream.skip('name', 'if') ? parseExpression(stream) : undefined;
  const recursive = stream.skip('name', 'recursive');
  parser.loops++;
  parser.enclosing++;
  const body = parseUntil(parser, ['endfor', 'else']);
  parser.loops--;
  const otherwise = stream.next().value === 'endfor' ? [] : parseInner(parser, 'endfor');
  parser.enclosing--;
  return { type: 'for', target, iterable, test, recursive, body, otherwise };
}

function parseIf(parser: Parser): Unlined {
  const { stream } = parser;
  const branches: { test: Expression; body: Body }[] = [];
  while (true) {
    const test = parseTuple(stream, { withCondition: false });
    branches.push({ test, body: parseUntil(parser, ['elif', 'else', 'endif']) });
    const tag = stream.next().value;
    if (tag === 'elif') continue;
    return { type: 'if', branches, otherwise: tag === 'else' ? parseInner(parser, 'endif') : [] };
  }
}

function parseSet(parser: Parser): Unlined {
  const { stream } = parser;
  const target = parseTarget(parser, true);
  if (stream.skip('operator', '=')) return { type: 'set', target, value: parseTuple(stream) };
  const filter = parseFilters(stream, undefined);
  return { type: 'set-block', target, filter, body: parseInner(parser, 'endset') };
}

function parseCallBlock(parser: Parser): Unlined {
  const { stream } = parser;
  const signature = stream.isOperator('(') ? parseSignature(parser) : { parameters: [], defaults: [] };
  const call = parseExpression(stream);
  if (call.type !== 'call') return stream.fail('expected a call');
  return { type: 'call-block', signature, call: call as Call, body: parseFunctionBody(parser, 'endcall') };
}

function parseWith(parser: Parser): Unlined {
  const { stream } = parser;
  const targets: Target[] = [];
  const values: Expression[] = [];
  while (!stream.is('close')) {
    if (targets.length > 0) stream.expect('operator', ',');
    targets.push(parseTarget(parser, false));
    stream.expect('operator', '=');
    values.push(parseExpression(stream));
  }
  return { type: 'with', targets, values, body: parseInner(parser, 'endwith') };
}

function parseBlock(parser: Parser): Unlined {
  const { stream } = parser;
  const name = stream.expect('name').value;
  if (parser.blocks.has(name)) stream.fail(`block ${name} defined twice`);
  parser.blocks.add(name);
  const scoped = stream.skip('name', 'scoped');
  if (stream.skip('name', 'required')) stream.fail('a required block has no template to fill it');
  const body = parseFunctionBody(parser, 'endblock');
  stream.skip('name', name);
  return { type: 'block', name, scoped, body };
}

function parsePrint(parser: Parser): readonly Unlined[] {
  const { stream } = parser;
  const outputs: Unlined[] = [];
  while (!stream.is('close')) {
    if (outputs.length > 0) stream.expect('operator', ',');
    outputs.push({ type: 'output', expression: parseExpression(stream) });
  }
  return outputs;
}

function parseName(parser: Parser): string {
  const { line, value } = parser.stream.expect('name');
  const target = toTarget(parser, { type: 'name', name: value }, line);
  return (target as { name: string }).name;
}

function parseSignature(parser: Parser): Signature {
  const { stream } = parser;
  stream.expect('operator', '(');
  const parameters: string[] = [];
  const defaults: Expression[] = [];
  while (!stream.isOperator(')')) {
    if (parameters.length > 0) stream.expect('operator', ',');
    const name = stream.expect('name').value;
    if (reserved.has(name)) stream.fail(`cannot assign to ${name}`);
    if (parameters.includes(name)) stream.fail(`parameter ${name} given twice`);
    parameters.push(name);
    if (stream.skip('operator', '=')) defaults.push(parseExpression(stream));
    else if (defaults.length > 0) stream.fail('a parameter without a default follows one with a default');
  }
  stream.expect('operator', ')');
  return { parameters, defaults };
}

const reserved: ReadonlySet<string> = new Set(['true', 'True', 'false', 'False', 'none', 'None']);

/** What may stand left of `=` or between `for` and `in`: a name, `namespace.name` (in a set), a tuple of these. */
function parseTarget(parser: Parser, withNamespace: boolean, until?: string, isFor = false): Target {
  const { stream } = parser;
  const { line } = stream.current;
  const names = new Map<Expression, Target>();
  const expression = parseTuple(stream, {
    ...(until === undefined ? {} : { until }),
    item: () => {
      if (
        withNamespace &&
        stream.is('name') &&
        stream.following.type === 'operator' &&
        stream.following.value === '.'
      ) {
        const name = stream.next().value;
        stream.next();
        const made: Expression = { type: 'name', name };
        names.set(made, { type: 'namespace', name, attribute: stream.expect('name').value });
        return made;
      }
      return parsePrimary(stream);
    },
  });
  return toTarget(parser, expression, line, names, isFor);
}

function toTarget(
  parser: Parser,
  expression: Expression,
  line: number,
  names?: ReadonlyMap<Expression, Target>,
  isFor = false,
): Target {
  const known = names?.get(expression);
  if (known !== undefined) return known;
  if (expression.type === 'name' && !reserved.has(expression.name)) {
    if (expression.name === 'loop' && (isFor || parser.enclosing > 0))
      parser.stream.fail("cannot assign to the special variable 'loop' of a for", line);
    return { type: 'name', name: expression.name };
  }
  if (expression.type === 'tuple')
    return {
      type: 'tuple',
      items: expression.items.map((item) => toTarget(parser, item, line, names, isFor)),
    };
  return parser.stream.fail(`cannot assign to a ${expression.type}`, line);
}
