import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bpeDecoder } from '../decoders/bpe.ts';
import { byteFallback } from '../decoders/byte-fallback.ts';
import { byteLevelDecoder } from '../decoders/byte-level.ts';
import { ctc } from '../decoders/ctc.ts';
import type { Decoder } from '../decoders/decoder.ts';
import { fuse } from '../decoders/fuse.ts';
import { metaspaceDecoder } from '../decoders/metaspace.ts';
import { replaceDecoder } from '../decoders/replace.ts';
import { decoderSequence } from '../decoders/sequence.ts';
import { stripDecoder } from '../decoders/strip.ts';
import { wordPieceDecoder } from '../decoders/word-piece.ts';
import { TokenTexts, tokenStages } from './token-texts.ts';

const BYTES = [
  '<0x41>',
  '<0xE6>',
  '<0x97>',
  '<0xA5>',
  '<0xFF>',
  '<0xEF>',
  '<0xBF>',
  '<0xBD>',
  '<0x0A>',
  '<0xe6>',
];
const VOCABULARY = [
  'a',
  '\u2581the',
  '\u2581',
  '##ing',
  ' ',
  "'",
  's',
  'n\u2581t',
  '.',
  '',
  ' x ',
  'x',
  '\ufffd',
  '<0xG1>',
  '<0x410>',
  ...BYTES,
];
const ids = fc.array(fc.integer({ min: -1, max: VOCABULARY.length }), { maxLength: 40 });

const replace = replaceDecoder({ String: '\u2581' }, ' ');
const decoders: Record<string, Decoder> = {
  Metaspace: metaspaceDecoder('\u2581', 'always', true),
  'Metaspace, never': metaspaceDecoder('\u2581', 'never', true),
  'WordPiece, cleaned': wordPieceDecoder('##', true),
  'Llama 2': decoderSequence([replace, byteFallback(), fuse(), stripDecoder(' ', 1, 0)]),
  Gemma: decoderSequence([replace, byteFallback(), fuse()]),
  'bytes alone': byteFallback(),
  'words, then bytes': decoderSequence([wordPieceDecoder('##', true), byteFallback()]),
  'words within words': decoderSequence([
    decoderSequence([replace, wordPieceDecoder('##', false)]),
    decoderSequence([fuse(), replaceDecoder({ Regex: ' +' }, '_')]),
  ]),
  'strip each': decoderSequence([stripDecoder(' ', 2, 1), metaspaceDecoder('\u2581', 'always', true)]),
};

describe('text from remembered tokens is what the decoder makes of the list, twice over', () => {
  it.each(Object.keys(decoders))('%s', (name) => {
    const decoder = decoders[name];
    const stages = tokenStages(decoder);
    if (stages === undefined) throw new Error('expected stages');
    const texts = new TokenTexts({ size: VOCABULARY.length, tokenOf: (id) => VOCABULARY[id], stages });
    fc.assert(
      fc.property(ids, (list) => {
        const slow = decoder.decode(list.flatMap((id) => VOCABULARY[id] ?? [])).join('');
        expect(texts.decode(list)).toBe(slow);
        expect(texts.decode(list)).toBe(slow);
      }),
      { numRuns: 300 },
    );
  });
});

it('decoders that look at several tokens, or at what runs of bytes became, are left as they are', () => {
  const level = byteLevelDecoder({ addPrefixSpace: false, trimOffsets: true, useRegex: true });
  for (const decoder of [level, ctc('<pad>', '|', true), bpeDecoder('</w>')])
    expect(tokenStages(decoder)).toBeUndefined();
  expect(tokenStages(decoderSequence([byteFallback(), replace]))).toBeUndefined();
});
