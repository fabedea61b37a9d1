import { expect, test } from 'vitest';
import { relativeBucket } from './relative-bias.ts';

test('near distances have a bucket each, far ones share wider and wider ones, up to the last of their side', () => {
  const of = (distances: number[]) => distances.map((d) => relativeBucket(d, 32));
  expect(of([0, -1, -7, -8, -11, -12, -16, -32, -64, -91, -127, -128, -5000])).toEqual([
    0, 1, 7, 8, 8, 9, 10, 12, 14, 15, 15, 15, 15,
  ]);
  expect(of([1, 7, 8, 16, 64, 5000])).toEqual([17, 23, 24, 26, 30, 31]);
});
