// SentencePiece models written by hand, with what the library (0.2) says of them.
import { describe, expect, it } from 'vitest';
import { encodeUtf8 } from '../unicode/utf8.ts';
import { readSentencePiece } from './sentence-piece.ts';

type Piece = readonly [text: string, score?: number, kind?: number];

const field = (number: number, bytes: readonly number[]): number[] => [
  ...varint((number << 3) | 2),
  ...varint(bytes.length),
  ...bytes,
];
const integer = (number: number, value: number): number[] => [...varint(number << 3), ...varint(value)];
const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];

/** `trainer` and `normalizer`: integer fields by number. Piece kinds: 1 normal, 2 unknown, 3 control, 4 user-defined. */
function modelOf(
  pieces: readonly Piece[],
  trainer: Readonly<Record<number, number>>,
  normalizer: Readonly<Record<number, number>> = {},
): Uint8Array {
  const integers = (fields: Readonly<Record<number, number>>) =>
    Object.entries(fields).flatMap(([number, value]) => integer(Number(number), value));
  return Uint8Array.from([
    ...pieces.flatMap(([text, score = 0, kind = 1]) => {
      const float = [...new Uint8Array(Float32Array.of(score).buffer)];
      return field(1, [...field(1, [...encodeUtf8(text)]), 0x15, ...float, ...integer(3, kind)]);
    }),
    ...field(2, integers(trainer)),
    ...field(3, integers(normalizer)),
  ]);
}

const control: readonly Piece[] = [
  ['<unk>', 0, 2],
  ['<s>', 0, 3],
  ['</s>', 0, 3],
];
const [WORD, CHAR] = [3, 4];

describe('SentencePiece files', () => {
  it('neighbouring unknown words are one unknown piece', () => {
    const tokenizer = readSentencePiece(modelOf([...control, ['\u2581a']], { 3: WORD }));
    expect(tokenizer.encode('a b c a')).toEqual([3, 0, 3]);
  });

  it('user-defined pieces are cut out of a model of characters', () => {
    const tokenizer = readSentencePiece(
      modelOf([...control, ['<x>', 0, 4], ['a'], ['<'], ['x'], ['>'], ['\u2581']], { 3: CHAR }),
    );
    expect(tokenizer.encode('a<x>')).toEqual([8, 4, 3]);
  });

  it('a visible space that ends a text goes where extra white space is removed', () => {
    const pieces: readonly Piece[] = [...control, ['a'], ['\u2581']];
    const removing = readSentencePiece(modelOf(pieces, { 3: CHAR }, { 4: 1 }));
    expect(removing.encode('a\u2581\u2581 ')).toEqual([4, 3]);
    const keeping = readSentencePiece(modelOf(pieces, { 3: CHAR }, { 4: 0 }));
    expect(keeping.encode('a\u2581 ')).toEqual([4, 3, 4, 4]);
  });

  it('decoding drops the dummy prefix, and all leading spaces where extra white space is removed', () => {
    const pieces: readonly Piece[] = [...control, ['a'], ['\u2581'], ['\u2581a']];
    const ids = [4, 4, 5, 5];
    expect(readSentencePiece(modelOf(pieces, {}, { 4: 1 })).decode(ids)).toBe('a a');
    expect(readSentencePiece(modelOf(pieces, {}, { 4: 0 })).decode(ids)).toBe('  a a');
    expect(readSentencePiece(modelOf(pieces, {}, { 3: 0, 4: 0 })).decode(ids)).toBe('   a a');
    expect(readSentencePiece(modelOf(pieces, {})).decode([0, 3])).toBe(' \u2047 a');
  });

  it('streamed text is the decoded text, however many spaces begin or part it', () => {
    const tokenizer = readSentencePiece(modelOf([...control, ['a'], ['\u2581'], ['\u2581a']], {}, { 4: 1 }));
    for (const ids of [
      [4, 4, 5, 4, 4, 5],
      [5, 4, 4, 4, 3],
      [3, 4, 5, 4],
    ]) {
      const stream = tokenizer.streamDecoder();
      expect(ids.map((id) => stream.push(id)).join('') + stream.flush()).toBe(tokenizer.decode(ids));
    }
  });

  it('scores are summed in single precision, where the two ways to cut zzz are no tie', () => {
    const pieces: readonly Piece[] = [
      ...control,
      ['\u2581', -2],
      ['z', -6.064864635467529],
      ['zz', -7.004878044128418],
    ];
    expect(readSentencePiece(modelOf(pieces, {})).encode('zzz')).toEqual([3, 5, 4]);
  });

  it('a run of unknown characters that spells a control token is unknown, not the token', () => {
    const tokenizer = readSentencePiece(
      modelOf([...control, ['[M]', 0, 3], ['a', -1], ['\u2581', -1]], { 3: 1 }),
    );
    expect(tokenizer.encode('a[M]')).toEqual([5, 4, 0]);
    expect(tokenizer.encode('a[M]', { allowedSpecial: 'all' })).toEqual([5, 4, 3]);
  });

  it('two spaces of a user-defined piece stay where extra white space is removed, unless a space stands before them', () => {
    const pieces: readonly Piece[] = [...control, ['\u2581\u2581', 0, 4], ['  ', 0, 4], ['a'], ['\u2581']];
    const tokenizer = readSentencePiece(modelOf(pieces, { 3: CHAR }, { 3: 0, 4: 1 }));
    expect(tokenizer.encode('a  a')).toEqual([5, 3, 5]);
    expect(tokenizer.encode('a   a')).toEqual([5, 3, 5]);
    expect(tokenizer.encode('  a')).toEqual([5]);
    expect(tokenizer.encodeDetailed('a  a').ids).toEqual([5, 3, 5]);
  });

  it('any number of user-defined pieces', () => {
    const many = Array.from({ length: 2000 }, (_, i): Piece => ['<|space|>'.repeat(1 + (i % 40)) + i, 0, 4]);
    const tokenizer = readSentencePiece(modelOf([...control, ['a'], ...many], { 3: 2 }, { 3: 0 }));
    expect(tokenizer.encode('a<|space|><|space|>1a')).toEqual([3, 5, 3]);
  });
});
