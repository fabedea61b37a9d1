import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Json, parseJson, writeJson } from '../json.ts';
import { truncateJson } from './truncate-json.ts';
import { estimateTokens } from './truncate-result.ts';

const jsonOf = (text: string): Json =>
  parseJson(text.replace(/\n\[shortened; read more with handle r0\]$/, ''));

describe('a shortened value', () => {
  it('is itself where it fits', () => {
    const value = { a: [1, 'two', null] };
    expect(truncateJson(value, 100, 'r0', estimateTokens)).toEqual({ text: writeJson(value), cut: false });
  });
  it('is still JSON, within its budget, and says what is missing', () => {
    const rows = Array.from({ length: 500 }, (_, id) => ({ id, text: 'lorem ipsum '.repeat(id % 50) }));
    const { text, cut } = truncateJson({ rows, total: 500 }, 300, 'r0', estimateTokens);
    expect(cut).toBe(true);
    expect(estimateTokens(text)).toBeLessThanOrEqual(300);
    expect(text).toMatch(/"\[\.\.\. \d+ items\]"/);
    expect((jsonOf(text) as { total: number }).total).toBe(500);
  });
  it('holds for any value and any limit', () => {
    const value = fc.jsonValue({ maxDepth: 6 }) as fc.Arbitrary<Json>;
    fc.assert(
      fc.property(fc.array(value, { maxLength: 40 }), fc.integer({ min: 40, max: 400 }), (given, limit) => {
        const { text, cut } = truncateJson(given, limit, 'r0', estimateTokens);
        const read = jsonOf(text);
        expect(Array.isArray(read)).toBe(true);
        expect(estimateTokens(text)).toBeLessThanOrEqual(limit);
        if (!cut) expect(text).toBe(writeJson(given));
      }),
    );
  });
  it('of a flood costs no more than its beginning', () => {
    const { text } = truncateJson(Array(300_000).fill('x'.repeat(30)), 200, 'r0', estimateTokens);
    expect(estimateTokens(text)).toBeLessThanOrEqual(200);
  });
});
