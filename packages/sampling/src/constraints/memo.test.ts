import { expect, it } from 'vitest';
import { Memo } from './memo.ts';

it('remembers a bounded number of things and forgets what was not asked for longest', () => {
  const memo = new Memo<number, string>(2);
  const made: number[] = [];
  const ask = (key: number): string =>
    memo.of(key, () => {
      made.push(key);
      return `${key}`;
    });
  for (const key of [1, 2, 1, 3, 1, 2]) expect(ask(key)).toBe(`${key}`);
  expect(made).toEqual([1, 2, 3, 2]);
  expect(memo.size).toBe(2);
});
