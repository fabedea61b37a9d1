// The classes of all code points against the categories that they stand for, each asked by itself.
import { describe, expect, it } from 'vitest';
import { encodeUtf8 } from '../unicode/utf8.ts';
import { classAt, LETTER, LOWER, MARK, NUMBER, SPACE, UPPER } from './character-classes.ts';

const CATEGORIES: readonly (readonly [RegExp, number])[] = [
  [/\p{L}/u, LETTER],
  [/\p{N}/u, NUMBER],
  [/\p{White_Space}/u, SPACE],
  [/[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]/u, UPPER],
  [/[\p{Ll}\p{Lm}\p{Lo}\p{M}]/u, LOWER],
  [/\p{M}/u, MARK],
];

function expected(char: string): number {
  return CATEGORIES.reduce((bits, [category, bit]) => (category.test(char) ? bits | bit : bits), 0);
}

function differences(from: number, to: number, step: number): string[] {
  const found: string[] = [];
  for (let c = from; c < to; c += step) {
    if (c >= 0xd800 && c < 0xe000) continue;
    const char = String.fromCodePoint(c);
    if (classAt(encodeUtf8(char), 0) !== expected(char)) found.push(c.toString(16));
  }
  return found;
}

describe('classes of characters', () => {
  it('are those of the categories of every code point of two to four bytes up to the ideographs of plane 2', () => {
    expect(differences(0x80, 0x20100, 1)).toEqual([]);
  });

  it('hold for a code point in every seven beyond', () => {
    expect(differences(0x20100, 0x110000, 7)).toEqual([]);
  });
});
