// A Pratt parser and evaluator for arithmetic: + - * / % ^ !, brackets, functions, constants, percent signs, thousands separators. Rationals stay exact;
// transcendental functions go through doubles and the answer then says "about". Total and bounded: length, nesting, digits and powers have caps, and
// nothing is ever evaluated as code.
import * as q from './rational.ts';

/** A value and whether it is exact. */
export interface Evaluated {
  readonly value: q.Rational;
  readonly exact: boolean;
}

const maxLength = 2000;
const maxDepth = 100;
const maxFactorial = 400n;
const exact = (value: q.Rational): Evaluated => ({ value, exact: true });
const about = (x: number): Evaluated => ({ value: q.fromDouble(x), exact: false });

const constants: Readonly<Record<string, number>> = { pi: Math.PI, π: Math.PI, e: Math.E, tau: 2 * Math.PI };

type Fn = (args: readonly Evaluated[]) => Evaluated;
const one =
  (f: (x: number) => number): Fn =>
  (args) => {
    const y = f(q.toDouble(args[0]!.value));
    if (Number.isNaN(y)) throw new RangeError('the function is not defined there');
    return about(y);
  };
const both = (args: readonly Evaluated[]): boolean => args.every((a) => a.exact);
const half = q.rational(1n, 2n);
const round: Fn = ([a, places]) => {
  const k = places === undefined ? 0n : integer(places, 'places');
  const scale = q.power(q.rational(10n), k);
  const shifted = q.multiply(a!.value, scale);
  const up =
    q.compare(shifted, q.rational(0n)) < 0
      ? q.negate(q.floor(q.add(q.negate(shifted), half)))
      : q.floor(q.add(shifted, half));
  return { value: q.divide(up, scale), exact: a!.exact };
};

const functions: Readonly<Record<string, readonly [number, number, Fn]>> = {
  sqrt: [
    1,
    1,
    ([a]) => {
      if (q.compare(a!.value, q.rational(0n)) < 0) throw new RangeError('square root of a negative number');
      const root = a!.exact ? q.exactSquareRoot(a!.value) : undefined;
      return root ? exact(root) : about(Math.sqrt(q.toDouble(a!.value)));
    },
  ],
  cbrt: [1, 1, one(Math.cbrt)],
  sin: [1, 1, one(Math.sin)],
  cos: [1, 1, one(Math.cos)],
  tan: [1, 1, one(Math.tan)],
  asin: [1, 1, one(Math.asin)],
  acos: [1, 1, one(Math.acos)],
  atan: [1, 1, one(Math.atan)],
  exp: [1, 1, one(Math.exp)],
  ln: [1, 1, one(Math.log)],
  log2: [1, 1, one(Math.log2)],
  log10: [1, 1, one(Math.log10)],
  log: [
    1,
    2,
    ([a, base]) => {
      const y =
        Math.log(q.toDouble(a!.value)) / (base === undefined ? Math.LN10 : Math.log(q.toDouble(base.value)));
      if (!Number.isFinite(y)) throw new RangeError('the logarithm is not defined there');
      return about(y);
    },
  ],
  abs: [1, 1, ([a]) => (q.compare(a!.value, q.rational(0n)) < 0 ? { ...a!, value: q.negate(a!.value) } : a!)],
  floor: [1, 1, ([a]) => ({ ...a!, value: q.floor(a!.value) })],
  ceil: [1, 1, ([a]) => ({ ...a!, value: q.negate(q.floor(q.negate(a!.value))) })],
  round: [1, 2, round],
  min: [
    1,
    64,
    (args) => ({ ...args.reduce((a, b) => (q.compare(a.value, b.value) <= 0 ? a : b)), exact: both(args) }),
  ],
  max: [
    1,
    64,
    (args) => ({ ...args.reduce((a, b) => (q.compare(a.value, b.value) >= 0 ? a : b)), exact: both(args) }),
  ],
  gcd: [
    2,
    2,
    ([a, b]) => {
      let x = integer(a!, 'gcd');
      let y = integer(b!, 'gcd');
      while (y !== 0n) [x, y] = [y, x % y];
      return exact(q.rational(x < 0n ? -x : x));
    },
  ],
};

function integer(a: Evaluated, what: string): bigint {
  if (a.value.d !== 1n) throw new RangeError(`${what}: expected an integer`);
  return a.value.n;
}
function factorial(a: Evaluated): Evaluated {
  const n = integer(a, 'factorial');
  if (n < 0n || n > maxFactorial) throw new RangeError(`factorial: expected 0 <= n <= ${maxFactorial}`);
  let out = 1n;
  for (let i = 2n; i <= n; i++) out *= i;
  return exact(q.rational(out));
}
function raise(a: Evaluated, b: Evaluated): Evaluated {
  if (b.value.d === 1n) return { value: q.power(a.value, b.value.n), exact: a.exact && b.exact };
  if (b.exact && b.value.n === 1n && b.value.d === 2n) return functions['sqrt']![2]([a]);
  const y = q.toDouble(a.value) ** q.toDouble(b.value);
  if (!Number.isFinite(y)) throw new RangeError('the power is not defined there, or too large');
  return about(y);
}

const tokens =
  /\s*(?:((?:\d{1,3}(?:[,_]\d{3})+(?!\d)|\d+)(?:\.\d+)?(?:[eE][+-]?\d{1,4}(?![\w.]))?|\.\d+(?:[eE][+-]?\d{1,4}(?![\w.]))?)|([\p{L}][\p{L}\d]*)|(\*\*|[-+*/^%!(),×÷·−:]))/uy;

/**
 * The value of an arithmetic expression.
 *
 * @throws SyntaxError for text that is no expression, RangeError where a value is undefined or too large.
 */
export function evaluate(expression: string): Evaluated {
  if (expression.length > maxLength)
    throw new RangeError(`expression: expected at most ${maxLength} characters, got ${expression.length}`);
  const list: string[] = [];
  tokens.lastIndex = 0;
  const text = expression
    .trim()
    .replace(/[=?]+$/, '')
    .trim();
  while (tokens.lastIndex < text.length) {
    const at = tokens.lastIndex;
    const match = tokens.exec(text);
    if (!match)
      throw new SyntaxError(
        `expression: unexpected ${JSON.stringify(text.slice(at).trim()[0] ?? '')} at ${at}`,
      );
    list.push(
      match[1] ??
        match[2] ??
        ({ '×': '*', '·': '*', '÷': '/', ':': '/', '−': '-', '**': '^' } as Record<string, string>)[
          match[3]!
        ] ??
        match[3]!,
    );
  }
  let at = 0;
  const peek = (): string | undefined => list[at];
  const need = (token: string): void => {
    if (list[at] !== token)
      throw new SyntaxError(`expression: expected ${token}, got ${list[at] ?? 'the end'}`);
    at++;
  };
  const startsOperand = (token: string | undefined): boolean =>
    token !== undefined && /^[\p{L}\d.(]/u.test(token);

  const prefix = (depth: number): Evaluated => {
    if (depth > maxDepth) throw new RangeError(`expression: nested deeper than ${maxDepth}`);
    const token = list[at++];
    if (token === undefined) throw new SyntaxError('expression: it ends too early');
    if (token === '-') {
      const a = binary(25, depth + 1);
      return { ...a, value: q.negate(a.value) };
    }
    if (token === '+') return binary(25, depth + 1);
    if (token === '(') {
      const a = binary(0, depth + 1);
      need(')');
      return a;
    }
    if (/^[\d.]/.test(token)) return exact(decimal(token));
    const name = token.toLowerCase();
    if (Object.hasOwn(functions, name) && peek() === '(') {
      const [least, most, f] = functions[name]!;
      need('(');
      const args: Evaluated[] = [];
      if (peek() !== ')')
        for (;;) {
          args.push(binary(0, depth + 1));
          if (peek() !== ',') break;
          at++;
        }
      need(')');
      if (args.length < least || args.length > most)
        throw new SyntaxError(
          `${name}: expected ${least === most ? least : `${least} to ${most}`} arguments, got ${args.length}`,
        );
      return f(args);
    }
    if (Object.hasOwn(constants, name)) return about(constants[name]!);
    throw new SyntaxError(`expression: unknown name ${token.slice(0, 32)}`);
  };
  const binary = (least: number, depth: number): Evaluated => {
    if (depth > maxDepth) throw new RangeError(`expression: nested deeper than ${maxDepth}`);
    let left = prefix(depth);
    for (;;) {
      const token = peek();
      if (token === '!') {
        at++;
        left = factorial(left);
      } else if (token === '%' && !startsOperand(list[at + 1])) {
        at++;
        left = { ...left, value: q.divide(left.value, q.rational(100n)) };
      } else if (token === '^') {
        if (least > 30) return left;
        at++;
        left = raise(left, binary(29, depth + 1));
      } else if (token === '*' || token === '/' || token === '%' || (token === '(' && least <= 20)) {
        if (least > 20) return left;
        if (token !== '(') at++;
        const right = binary(21, depth + 1);
        const value =
          token === '/'
            ? q.divide(left.value, right.value)
            : token === '%'
              ? q.subtract(left.value, q.multiply(right.value, q.floor(q.divide(left.value, right.value))))
              : q.multiply(left.value, right.value);
        left = { value, exact: left.exact && right.exact };
      } else if (token === '+' || token === '-') {
        if (least > 10) return left;
        at++;
        const right = binary(11, depth + 1);
        left = {
          value: token === '+' ? q.add(left.value, right.value) : q.subtract(left.value, right.value),
          exact: left.exact && right.exact,
        };
      } else return left;
    }
  };
  const result = binary(0, 0);
  if (at < list.length) throw new SyntaxError(`expression: unexpected ${list[at]}`);
  return result;
}

function decimal(text: string): q.Rational {
  const [mantissa, exponent = '0'] = text.replace(/[,_]/g, '').toLowerCase().split('e') as [string, string?];
  const [whole = '', places = ''] = mantissa.split('.');
  const base = q.rational(BigInt(`${whole}${places}` || '0'), 10n ** BigInt(places.length));
  return q.multiply(base, q.power(q.rational(10n), BigInt(exponent)));
}
