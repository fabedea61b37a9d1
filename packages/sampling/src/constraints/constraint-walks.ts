// Test tools: a vocabulary of all bytes and some pieces, and walks that draw what its masks allow until the text has ended.
import fc from 'fast-check';
import { type ConstraintGrammar, constraint, prepareVocabulary, type Vocabulary } from './index.ts';

export const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

export function vocabularyOf(pieces: readonly (string | Uint8Array)[]): Vocabulary {
  const texts = pieces.map((p) => (typeof p === 'string' ? encode(p) : p));
  return prepareVocabulary({
    vocabSize: texts.length + 1,
    tokenBytes: (id) => (id === 0 ? undefined : texts[id - 1]),
    eosTokenIds: [0],
  });
}

export const bytes = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
export const jsonPieces = [
  '{"',
  '"}',
  '": ',
  '", "',
  ', "',
  '}, {',
  'true',
  '10',
  '.0',
  'foo',
  ' "',
  '\\u',
  '":[',
  'é"',
];
export const everyByte = vocabularyOf([
  ...bytes,
  ...jsonPieces,
  Uint8Array.of(0x22, 0xc3),
  Uint8Array.of(0xa9, 0x22),
]);

/** Draws allowed ids, short ones of the ending kind first after a while, until the text has ended. */
export function walk(language: ConstraintGrammar, draw: (n: number) => number, most = 4000): string {
  const running = constraint(language, everyByte);
  const out: number[] = [];
  for (let step = 0; step < most; step++) {
    const mask = running.mask();
    const allowed: number[] = [];
    for (let id = 0; id < everyByte.vocabSize; id++) if ((mask[id >> 5] >>> (id & 31)) & 1) allowed.push(id);
    if (allowed.length === 0)
      throw new Error(`dead end after ${new TextDecoder().decode(Uint8Array.from(out))}`);
    // Late in the walk what closes is preferred, so that endless languages end.
    const closing =
      step > 40 ? [0, 1 + 0x22, 1 + 0x7d, 1 + 0x5d, 1 + 0x29].find((id) => allowed.includes(id)) : undefined;
    const id = closing ?? allowed[draw(allowed.length)];
    if (id === 0) return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(out));
    running.accept(id);
    out.push(...(everyByte.tokenBytes(id) as Uint8Array));
  }
  throw new Error('the walk did not end');
}

export const seeded = fc.integer({ min: 1, max: 2 ** 31 - 2 }).map((seed) => {
  let state = seed;
  return (n: number): number => {
    state = (state * 48271) % 2147483647;
    return Math.floor((state / 2147483647) * n);
  };
});
