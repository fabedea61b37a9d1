import { expect, test } from 'vitest';
import type { Card } from './card.ts';
import { marks, summaryOf, told, withSummary } from './summary.ts';

const m = (value: number, low: number, high: number) => ({ value, low, high, of: 10 });
const shown = (
  before: ReturnType<typeof m> | number,
  after: ReturnType<typeof m>,
  difference?: ReturnType<typeof m>,
) => told({ stage: 's', measure: 'm', before, after, ...(difference === undefined ? {} : { difference }) });

test('a gain whose interval holds zero is called not significant, intervals that meet are not told apart', () => {
  expect(shown(m(0.5, 0.4, 0.6), m(0.6, 0.5, 0.7), m(0.1, 0.02, 0.2))).toBe(
    'difference 0.100 (0.020 to 0.200)',
  );
  expect(shown(m(0.5, 0.4, 0.6), m(0.6, 0.5, 0.7), m(0.1, -0.02, 0.2))).toContain('not significant');
  expect(shown(m(0.5, 0.4, 0.6), m(0.65, 0.5, 0.7))).toBe('not told apart');
  expect(shown(0.5, m(0.8, 0.7, 0.9))).toBe('');
});

test('the summary replaces what stands between the marks and nothing else', () => {
  const card: Card = {
    setting: 'small',
    facts: { vocabulary: 2048, seed: 3, backend: 'simd', questions: 'test' },
    purposes: [{ stage: 'dpo', measure: 'a share', before: m(0.2, 0.1, 0.3), after: m(0.8, 0.7, 0.9) }],
    scores: {},
    curves: {},
    notes: [],
    boards: [],
    seconds: { dpo: { wall: 60, cpu: 90 } },
  };
  const summary = summaryOf(card);
  expect(summary).toContain('| dpo | a share | 20 % (10-30) | 80 % (70-90) |  |');
  expect(summary).toContain('1.0 minutes by the clock, 1.5 of processor time');
  const once = withSummary(`before\n${marks[0]}\nold\n${marks[1]}\nafter`, summary);
  expect(once).toMatch(/^before\n<!-- run -->\n\nSetting[\s\S]*\n\n<!-- end of run -->\nafter$/);
  expect(withSummary(once, summary)).toBe(once);
  expect(() => withSummary('no marks', summary)).toThrow('README: expected');
});
