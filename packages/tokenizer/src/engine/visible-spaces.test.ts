import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTokenizerJson } from '../formats/tokenizer-json.ts';
import { decodeUtf8, toWellFormed } from '../unicode/utf8.ts';
import { TextBuffer } from './text-buffer.ts';
import { visibleSpacesOf } from './visible-spaces.ts';

const replace = { type: 'Replace', pattern: { String: ' ' }, content: '\u2581' };
const prepend = { type: 'Prepend', prepend: '\u2581' };
const text = fc
  .array(
    fc.constantFrom(
      'ab',
      'a',
      ' ',
      '   ',
      'b',
      '\n',
      '\u65e5',
      '\u00e9',
      '\u2581',
      '\ud83d\ude00',
      '\ud800',
      '<s>',
    ),
    { maxLength: 60 },
  )
  .map((parts) => parts.join(''));

describe('visible spaces', () => {
  it('written to bytes are those written to text, also of texts that fill no four bytes', () => {
    const [source, target] = [new TextBuffer(), new TextBuffer()];
    fc.assert(
      fc.property(text, fc.boolean(), (t, inFront) => {
        const end = target.setVisible(source, source.setText(t), { inFront });
        const expected = (inFront && t !== '' ? '\u2581' : '') + toWellFormed(t).replaceAll(' ', '\u2581');
        expect(decodeUtf8(target.bytes.subarray(0, end))).toBe(expected);
        expect([...target.bytes.subarray(end, end + 8)]).toEqual(new Array(8).fill(0));
      }),
      { numRuns: 2000 },
    );
  });

  it('are seen in a normaliser that does this and no more', () => {
    expect(visibleSpacesOf(replace)).toEqual({ inFront: false });
    expect(visibleSpacesOf({ type: 'Sequence', normalizers: [replace] })).toEqual({ inFront: false });
    expect(visibleSpacesOf({ type: 'Sequence', normalizers: [prepend, replace] })).toEqual({ inFront: true });
    for (const other of [
      prepend,
      { ...replace, content: '_' },
      { ...replace, pattern: { Regex: ' ' } },
      { ...replace, pattern: { String: '  ' } },
      { type: 'Sequence', normalizers: [] },
      { type: 'Sequence', normalizers: [replace, prepend] },
      { type: 'Sequence', normalizers: [{ type: 'NFC' }, replace] },
      { type: 'Sequence', normalizers: [prepend, replace, replace] },
      { type: 'Sequence', normalizers: [{ ...prepend, prepend: '_' }, replace] },
    ])
      expect(visibleSpacesOf(other)).toBeUndefined();
  });

  const bytes = Array.from({ length: 256 }, (_, b) => `<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`);
  const pieces = ['<s>', ...bytes, '\u2581', 'a', 'b', 'ab', '\u2581a', '\u2581ab', '\u2581\u2581', '\u65e5'];
  const merges = ['a b', '\u2581 a', '\u2581 ab', '\u2581 \u2581'];
  for (const [name, normalizer] of Object.entries({
    'in front': { type: 'Sequence', normalizers: [prepend, replace] },
    'within alone': replace,
  }))
    it(`${name}: ids and counts are those of the stages one by one`, () => {
      const tokenizer = readTokenizerJson({
        normalizer,
        model: {
          type: 'BPE',
          vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
          merges,
          byte_fallback: true,
        },
        added_tokens: [{ id: 0, content: '<s>', special: true, normalized: false }],
      });
      fc.assert(
        fc.property(text, (t) => {
          const ids = tokenizer.encode(t);
          // Offsets need alignments, which only the stages have.
          expect(ids).toEqual([...tokenizer.encodeBatch([t])[0].ids]);
          expect(tokenizer.count(t)).toBe(ids.length);
        }),
        { numRuns: 1500 },
      );
    });
});
