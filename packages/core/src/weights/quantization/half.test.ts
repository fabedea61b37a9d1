import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { e4m3Table, halfTable, toBrainBits, toHalfBits } from './half.ts';

describe('binary16', () => {
  it('bits after value is identity for all numbers', () => {
    const table = halfTable();
    const wrong = Array.from({ length: 65536 }, (_, bits) => bits).filter((bits) =>
      Number.isNaN(table[bits])
        ? !Number.isNaN(table[toHalfBits(table[bits])])
        : toHalfBits(table[bits]) !== bits,
    );
    expect(wrong).toEqual([]);
  });

  it('rounds to the nearest, ties to even', () => {
    const table = halfTable();
    const finite = Array.from({ length: 0x7c00 }, (_, bits) => table[bits]);
    fc.assert(
      fc.property(fc.float({ min: 0, max: Math.fround(65519), noNaN: true }), (x) => {
        const bits = toHalfBits(x);
        const error = Math.abs(finite[bits] - x);
        for (const other of [bits - 1, bits + 1]) {
          if (other < 0 || other >= 0x7c00) continue;
          const theirs = Math.abs(finite[other] - x);
          expect(error < theirs || (error === theirs && bits % 2 === 0)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
    expect([65504, 65519, 65520, 1e9, -1e9].map(toHalfBits)).toEqual([
      0x7bff, 0x7bff, 0x7c00, 0x7c00, 0xfc00,
    ]);
  });
});

describe('bfloat16', () => {
  it('bits after value is identity', () => {
    const bits = new Uint32Array(1);
    const value = new Float32Array(bits.buffer);
    const wrong = Array.from({ length: 65536 }, (_, brain) => brain).filter((brain) => {
      bits[0] = brain << 16;
      return !Number.isNaN(value[0]) && toBrainBits(value[0]) !== brain;
    });
    expect(wrong).toEqual([]);
  });
});

describe('float8 E4M3', () => {
  it('has the published corners', () => {
    const table = e4m3Table();
    expect([table[0x7e], table[0x01], table[0x08], table[0x38], table[0xb8]]).toEqual([
      448,
      2 ** -9,
      2 ** -6,
      1,
      -1,
    ]);
    expect(Number.isNaN(table[0x7f])).toBe(true);
  });
});
