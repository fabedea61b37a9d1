// printf's e, f and g with the exact decimal value of the double rounded half to even, as C and Python do
// (JavaScript's toFixed rounds exact halves up).

/** round-half-even(value * 10^digits) of a finite value, exactly. */
export function scaled(value: number, digits: number): bigint {
  let exponent = 0;
  let mantissa = Math.abs(value);
  if (mantissa !== 0) {
    exponent = Math.max(-1074, Math.floor(Math.log2(mantissa)) - 53);
    mantissa = exponent < -1000 ? mantissa * 2 ** 1000 * 2 ** (-exponent - 1000) : mantissa * 2 ** -exponent;
  }
  let numerator = BigInt(mantissa);
  let denominator = 1n;
  if (exponent >= 0) numerator <<= BigInt(exponent);
  else denominator <<= BigInt(-exponent);
  if (digits >= 0) numerator *= 10n ** BigInt(digits);
  else denominator *= 10n ** BigInt(-digits);
  const quotient = numerator / denominator;
  const twice = (numerator - quotient * denominator) * 2n;
  return twice > denominator || (twice === denominator && quotient % 2n === 1n) ? quotient + 1n : quotient;
}

/** |value| with `precision` decimals. */
function fixed(value: number, precision: number): string {
  const digits = scaled(value, precision)
    .toString()
    .padStart(precision + 1, '0');
  return precision === 0 ? digits : `${digits.slice(0, -precision)}.${digits.slice(-precision)}`;
}

/** The digits and the decimal exponent of |value| rounded to `precision` + 1 digits. */
function exponential(value: number, precision: number): [string, number] {
  if (value === 0) return ['0'.repeat(precision + 1), 0];
  let exponent = Number(value.toExponential().split('e')[1]);
  let digits = scaled(value, precision - exponent).toString();
  if (digits.length > precision + 1) {
    exponent++;
    digits = digits.slice(0, precision + 1);
  }
  return [digits, exponent];
}

const exponentText = (exponent: number): string =>
  `e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;

const withPoint = (digits: string): string =>
  digits.length > 1 ? `${digits[0]}.${digits.slice(1)}` : digits;

/** |value| by type e, f or g (lower case); `alternate` keeps the point and g's trailing zeros. */
export function formatFloat(
  value: number,
  type: 'e' | 'f' | 'g',
  precision: number,
  alternate = false,
): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : 'inf';
  if (type === 'f') return fixed(value, precision) + (alternate && precision === 0 ? '.' : '');
  if (type === 'e') {
    const [digits, exponent] = exponential(value, precision);
    return withPoint(digits) + (alternate && precision === 0 ? '.' : '') + exponentText(exponent);
  }
  const significant = precision || 1;
  const [digits, exponent] = exponential(value, significant - 1);
  const strip = (text: string) => (alternate || !text.includes('.') ? text : text.replace(/\.?0+$/, ''));
  if (exponent < -4 || exponent >= significant) return strip(withPoint(digits)) + exponentText(exponent);
  return strip(fixed(value, significant - 1 - exponent));
}
