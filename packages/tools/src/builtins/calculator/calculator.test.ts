import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calculate } from './calculator.ts';

describe('calculate', () => {
  it('is exact where arithmetic is', () => {
    for (const [expression, value] of [
      ['0.1+0.2', '0.3'],
      ['12 * 7', '84'],
      ['2**10', '1024'],
      ['-2^2', '-4'],
      ['2^3^2', '512'],
      ['(1/3)*3', '1'],
      ['1,234,567 + 1', '1234568'],
      ['17 % 5', '2'],
      ['-7 % 3', '2'],
      ['50%', '0.5'],
      ['200 * 15%', '30'],
      ['10!', '3628800'],
      ['sqrt(144)', '12'],
      ['sqrt(2.25)', '1.5'],
      ['round(2.5)', '3'],
      ['round(-2.567, 2)', '-2.57'],
      ['2(3+4)', '14'],
      ['6 ÷ 4', '1.5'],
      ['max(1, 2.5, -3)', '2.5'],
      ['1e3 + 1', '1001'],
      ['2^-2', '0.25'],
      ['3 + 4 =', '7'],
    ] as const)
      expect(calculate(expression), expression).toBe(value);
  });
  it('says so where it is not', () => {
    expect(calculate('2/3')).toBe('about 0.666666666667');
    expect(calculate('sqrt(2)')).toBe('about 1.41421356237');
    expect(calculate('sin(0)')).toBe('about 0');
    expect(calculate('e^2')).toBe('about 7.38905609893');
  });
  it('refuses what has no value or is too large, before it is computed', () => {
    for (const wrong of [
      '1/0',
      '9^9^9',
      '9**9**9**9',
      '10^100000',
      '1000!',
      '2^2^20',
      'sqrt(-1)',
      'ln(0)',
      '0^-1',
      '1e9999',
      '',
      '1+',
      '(1',
      '1 2',
      'process.exit()',
      'constructor',
      '__proto__',
      '1;2',
      'x',
      '((((1'.repeat(200),
      '9'.repeat(2001),
    ]) {
      expect(() => calculate(wrong), wrong.slice(0, 20)).toThrow();
    }
  });
  it('agrees with bigint on integers and is total on any text', () => {
    fc.assert(
      fc.property(fc.bigInt(-(10n ** 20n), 10n ** 20n), fc.bigInt(-(10n ** 20n), 10n ** 20n), (a, b) => {
        expect(calculate(`(${a}) * (${b}) + (${a}) - (${b})`)).toBe(String(a * b + a - b));
      }),
    );
    fc.assert(
      fc.property(
        fc.array(
          fc.constantFrom('1', '9', '.', '+', '-', '*', '/', '^', '(', ')', '!', '%', 'e', 'sqrt', ','),
          { maxLength: 40 },
        ),
        (parts) => {
          try {
            expect(typeof calculate(parts.join(''))).toBe('string');
          } catch (error) {
            expect(error instanceof SyntaxError || error instanceof RangeError).toBe(true);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});
