// Exact rationals over BigInt. Every operation is bounded before it is done: a number may have at most 4096 bits above and below the line, so that
// no expression can take long or much memory.

/** n / d with d > 0, in lowest terms. */
export interface Rational {
  readonly n: bigint;
  readonly d: bigint;
}

const maxBits = 4096;
const limit = 1n << BigInt(maxBits);

const abs = (x: bigint): bigint => (x < 0n ? -x : x);
const gcd = (a: bigint, b: bigint): bigint => {
  let x = abs(a);
  let y = abs(b);
  while (y > 0n) [x, y] = [y, x % y];
  return x;
};
const bits = (x: bigint): number => abs(x).toString(16).length * 4;

/** n / d in lowest terms. @throws RangeError for a zero divisor or a number that is too large. */
export function rational(n: bigint, d = 1n): Rational {
  if (d === 0n) throw new RangeError('division by zero');
  const common = gcd(n, d) || 1n;
  const sign = d < 0n ? -1n : 1n;
  const out = { n: (sign * n) / common, d: (sign * d) / common };
  if (abs(out.n) >= limit || out.d >= limit) throw new RangeError('the number is too large (over 4096 bits)');
  return out;
}

export const add = (a: Rational, b: Rational): Rational => rational(a.n * b.d + b.n * a.d, a.d * b.d);
export const subtract = (a: Rational, b: Rational): Rational => rational(a.n * b.d - b.n * a.d, a.d * b.d);
export const multiply = (a: Rational, b: Rational): Rational => rational(a.n * b.n, a.d * b.d);
export const divide = (a: Rational, b: Rational): Rational => rational(a.n * b.d, a.d * b.n);
export const negate = (a: Rational): Rational => ({ n: -a.n, d: a.d });
export const compare = (a: Rational, b: Rational): number => {
  const difference = a.n * b.d - b.n * a.d;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
};
/** The largest integer <= a. */
export const floor = (a: Rational): Rational =>
  rational(a.n >= 0n || a.n % a.d === 0n ? a.n / a.d : a.n / a.d - 1n);

/** a ^ k for an integer k; the size of the result is known before it is computed. */
export function power(a: Rational, k: bigint): Rational {
  const size = BigInt(Math.max(bits(a.n), bits(a.d)));
  const unit = abs(a.n) <= 1n && a.d === 1n;
  if (!unit && abs(k) * size > BigInt(maxBits) + size)
    throw new RangeError('the power is too large (over 4096 bits)');
  if (unit) {
    if (a.n === 0n && k < 0n) throw new RangeError('division by zero');
    if (a.n === 0n) return rational(k === 0n ? 1n : 0n);
    return rational(a.n === 1n || k % 2n === 0n ? 1n : -1n);
  }
  return k >= 0n ? rational(a.n ** k, a.d ** k) : rational(a.d ** -k, a.n ** -k);
}

/** The exact root of a perfect square, else undefined. */
export function exactSquareRoot(a: Rational): Rational | undefined {
  const root = (x: bigint): bigint | undefined => {
    if (x < 0n) return undefined;
    if (x < 2n) return x;
    let r = 1n << BigInt((bits(x) >> 1) + 1);
    for (;;) {
      const next = (r + x / r) >> 1n;
      if (next >= r) break;
      r = next;
    }
    return r * r === x ? r : undefined;
  };
  const n = root(a.n);
  const d = root(a.d);
  return n === undefined || d === undefined ? undefined : { n, d };
}

/** The nearest double. */
export function toDouble(a: Rational): number {
  const n = Number(a.n);
  const d = Number(a.d);
  if (Number.isFinite(n) && Number.isFinite(d)) return n / d;
  const shift = BigInt(Math.max(bits(a.n), bits(a.d)) - 1000);
  return Number(a.n >> shift) / Number(a.d >> shift);
}

/** The exact value of a finite double. */
export function fromDouble(x: number): Rational {
  if (!Number.isFinite(x)) throw new RangeError('the result is not a finite number');
  let exponent = 0;
  let mantissa = x;
  while (!Number.isInteger(mantissa) && exponent < 1100) {
    mantissa *= 2;
    exponent++;
  }
  return rational(BigInt(mantissa), 1n << BigInt(exponent));
}

/** Decimal text: exact where the expansion ends within `digits` places, else rounded half away from zero and marked. */
export function toDecimal(a: Rational, digits = 30): { readonly text: string; readonly exact: boolean } {
  const sign = a.n < 0n ? '-' : '';
  const n = abs(a.n);
  const whole = n / a.d;
  let rest = n % a.d;
  if (rest === 0n) return { text: sign + whole, exact: true };
  let places = '';
  while (places.length < digits && rest !== 0n) {
    rest *= 10n;
    places += rest / a.d;
    rest %= a.d;
  }
  if (rest === 0n) return { text: `${sign}${whole}.${places}`, exact: true };
  const scale = 10n ** BigInt(digits);
  const rounded = (n * scale * 2n + a.d) / (a.d * 2n);
  const text = `${rounded / scale}.${String(rounded % scale).padStart(digits, '0')}`;
  return { text: sign + text, exact: false };
}
