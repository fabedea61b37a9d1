// Sets of numbers as automata over their decimal texts. Exact on plain decimals `-?int(.digits)?`; exponents are
// admitted where a predicate surely holds of them (integers d e+n), and everywhere as long as there is no predicate.
import { buildDfa, type CharDfa, complementDfa, type Edge, intersectDfa, uniteDfa } from './char-dfa.ts';
import { UnsupportedConstraintError } from './errors.ts';
import { parseRegex, regexDfa } from './regex.ts';

const whole = (pattern: string): CharDfa => regexDfa(parseRegex(pattern));
/** Every JSON number. */
export const anyNumber = whole('-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?');
/** Numbers without an exponent: the texts on which every predicate is decided. */
export const plainNumber = whole('-?(0|[1-9][0-9]*)(\\.[0-9]+)?');
/** Integers, with a fraction of zeros or a positive exponent. */
const integerExponents = whole('-?(0|[1-9][0-9]*)[eE]\\+?[0-9]+');
const positiveExponents = whole('(0|[1-9][0-9]*)[eE]\\+?[0-9]+');
const negativeExponents = whole('-(0|[1-9][0-9]*)[eE]\\+?[0-9]+');
/** Integers without fraction and exponent. */
export const writtenIntegers = whole('-?(0|[1-9][0-9]*)');
export const integers = uniteDfa(whole('-?(0|[1-9][0-9]*)(\\.0+)?'), integerExponents);
/** One text a value. */
export const canonicalNumber = whole('0|-?[1-9][0-9]*|-?(0|[1-9][0-9]*)\\.[0-9]*[1-9]');
/** Numbers short enough that different values stay different in 64-bit floats. */
export const shortNumber = whole('-?(0|[1-9][0-9]{0,7})(\\.[0-9]{1,6})?');

/** The plain decimals outside of a set. */
export function otherNumbers(set: CharDfa): CharDfa {
  return intersectDfa(plainNumber, complementDfa(set));
}

interface Decimal {
  readonly negative: boolean;
  /** Digits before the point, without leading zeros, at least one. */
  readonly whole: string;
  /** Digits after the point, without trailing zeros. */
  readonly fraction: string;
}

/** The shortest decimal that reads back as `value`. */
export function decimalOf(value: number): Decimal {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value));
  if (match === null) throw new RangeError(`number: expected a finite one, got ${value}`);
  let digits = match[2] + (match[3] ?? '');
  let point = match[2].length + Number(match[4] ?? 0);
  if (point <= 0) {
    digits = '0'.repeat(1 - point) + digits;
    point = 1;
  }
  digits = digits.padEnd(point, '0');
  return {
    negative: match[1] === '-',
    whole: digits.slice(0, point).replace(/^0+(?=\d)/, ''),
    fraction: digits.slice(point).replace(/0+$/, ''),
  };
}

type Order = -1 | 0 | 1;
interface Reading {
  readonly phase: 'sign' | 'first' | 'whole' | 'point' | 'fraction';
  readonly negative: boolean;
  /** Digits read of this part, as far as they matter. */
  readonly count: number;
  /** How the digits read compare with the bound's. */
  readonly order: Order;
  /** The whole part is a lone 0. */
  readonly zero: boolean;
}

const memo = new Map<string, CharDfa>();

/** Plain decimals whose order to `bound` (-1 less, 0 equal, 1 greater) is wanted. */
export function comparedNumbers(bound: number, wanted: (order: Order) => boolean): CharDfa {
  const name = `${bound} ${wanted(-1)} ${wanted(0)} ${wanted(1)}`;
  const known = memo.get(name);
  if (known !== undefined) return known;
  const { whole: w, fraction: f, negative } = decimalOf(bound);
  const boundIsZero = w === '0' && f === '';
  const digitEdges = (from: number, next: (digit: number) => Reading): Edge<Reading>[] =>
    Array.from({ length: 10 - from }, (_, i) => ({
      lo: 0x30 + from + i,
      hi: 0x30 + from + i,
      to: next(from + i),
    }));
  const compareDigit = (order: Order, digit: number, against: string | undefined): Order =>
    order !== 0 ? order : (Math.sign(digit - Number(against ?? '0')) as Order);
  // The order of magnitudes after the whole part: fewer digits are less.
  const settle = (r: Reading): Order => (r.count < w.length ? -1 : r.count > w.length ? 1 : r.order);
  const edges = (r: Reading): Edge<Reading>[] => {
    const begin = (digit: number): Reading => ({
      ...r,
      phase: 'whole',
      count: 1,
      order: compareDigit(0, digit, w[0]),
      zero: digit === 0,
    });
    const dot: Edge<Reading> = {
      lo: 0x2e,
      hi: 0x2e,
      to: { ...r, phase: 'point', count: 0, order: settle(r), zero: false },
    };
    const fractionDigit = (digit: number): Reading => ({
      ...r,
      phase: 'fraction',
      count: Math.min(r.count + 1, f.length),
      order: compareDigit(r.order, digit, f[r.count]),
    });
    switch (r.phase) {
      case 'sign':
        return [
          { lo: 0x2d, hi: 0x2d, to: { ...r, phase: 'first', negative: true } },
          ...digitEdges(0, begin),
        ];
      case 'first':
        return digitEdges(0, begin);
      case 'whole':
        if (r.zero) return [dot];
        return [
          dot,
          ...digitEdges(0, (digit) => {
            const count = Math.min(r.count + 1, w.length + 1);
            return { ...r, count, order: count > w.length ? 1 : compareDigit(r.order, digit, w[r.count]) };
          }),
        ];
      default:
        return digitEdges(0, fractionDigit);
    }
  };
  const accepts = (r: Reading): boolean => {
    if (r.phase !== 'whole' && r.phase !== 'fraction') return false;
    let order = r.phase === 'whole' ? settle(r) : r.order;
    if (order === 0 && (r.phase === 'whole' ? f.length > 0 : r.count < f.length)) order = -1;
    // `order` compares magnitudes; signs decide the rest. A zero has order -1, or 0 for a bound of zero.
    if (negative) return wanted(r.negative ? (-order as Order) : 1);
    return wanted(!r.negative ? order : boundIsZero && order === 0 ? 0 : -1);
  };
  const start: Reading = { phase: 'sign', negative: false, count: 0, order: 0, zero: false };
  const dfa = buildDfa<Reading>(
    start,
    (r) => `${r.phase}${r.negative}${r.count},${r.order}${r.zero}`,
    edges,
    accepts,
  );
  if (memo.size > 500) memo.clear();
  memo.set(name, dfa);
  return dfa;
}

/** Plain decimals at or above (strictly above) the bound, and exponents that surely are. */
export function numbersAbove(bound: number, strictly: boolean): CharDfa {
  const dfa = comparedNumbers(bound, (order) => order > 0 || (order === 0 && !strictly));
  return bound < 0 || (bound === 0 && !strictly) ? uniteDfa(dfa, positiveExponents) : dfa;
}

/** Plain decimals at or below (strictly below) the bound, and exponents that surely are. */
export function numbersBelow(bound: number, strictly: boolean): CharDfa {
  const dfa = comparedNumbers(bound, (order) => order < 0 || (order === 0 && !strictly));
  return bound > 0 || (bound === 0 && !strictly) ? uniteDfa(dfa, negativeExponents) : dfa;
}

/** Exactly these values, with any number of zeros behind the point. */
export function numbersEqual(values: readonly number[]): CharDfa {
  return whole(
    values
      .map((value) => {
        const { negative, whole: w, fraction: f } = decimalOf(value);
        const sign = negative ? '-' : w === '0' && f === '' ? '-?' : '';
        return f === '' ? `${sign}${w}(\\.0+)?` : `${sign}${w}\\.${f}0*`;
      })
      .join('|'),
  );
}

/** Plain multiples of `step`, and integers with an exponent where every integer is one. */
export function multiplesOf(step: number, path: string): CharDfa {
  const { whole: w, fraction: f } = decimalOf(step);
  const modulus = Number(w + f);
  if (modulus > 2500) throw new UnsupportedConstraintError('multipleOf', path, `${step} has too many digits`);
  const scale = f.length;
  interface State {
    readonly phase: 'sign' | 'first' | 'zero' | 'whole' | 'point' | 'fraction';
    readonly rest: number;
    /** Digits of the fraction, at most `scale`. */
    readonly count: number;
  }
  const edges = (s: State): Edge<State>[] => {
    const digits = (next: (digit: number) => State | undefined): Edge<State>[] =>
      Array.from({ length: 10 }, (_, d) => d).flatMap((d) => {
        const to = next(d);
        return to === undefined ? [] : [{ lo: 0x30 + d, hi: 0x30 + d, to }];
      });
    const first = (d: number): State => ({ phase: d === 0 ? 'zero' : 'whole', rest: d % modulus, count: 0 });
    const dot: Edge<State> = { lo: 0x2e, hi: 0x2e, to: { ...s, phase: 'point' } };
    switch (s.phase) {
      case 'sign':
        return [{ lo: 0x2d, hi: 0x2d, to: { ...s, phase: 'first' } }, ...digits(first)];
      case 'first':
        return digits(first);
      case 'zero':
        return [dot];
      case 'whole':
        return [dot, ...digits((d) => ({ ...s, rest: (s.rest * 10 + d) % modulus }))];
      default:
        return digits((d) => {
          if (s.count === scale) return d === 0 ? { ...s, phase: 'fraction' } : undefined;
          return { phase: 'fraction', rest: (s.rest * 10 + d) % modulus, count: s.count + 1 };
        });
    }
  };
  const accepts = (s: State): boolean => {
    if (s.phase === 'sign' || s.phase === 'first' || s.phase === 'point') return false;
    let rest = s.rest;
    for (let i = s.count; i < scale; i++) rest = (rest * 10) % modulus;
    return rest === 0;
  };
  const dfa = buildDfa<State>(
    { phase: 'sign', rest: 0, count: 0 },
    (s) => `${s.phase}${s.rest},${s.count}`,
    edges,
    accepts,
  );
  return 10 ** scale % modulus === 0 ? uniteDfa(dfa, integerExponents) : dfa;
}
