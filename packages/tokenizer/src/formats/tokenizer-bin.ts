// llama2.c's tokenizer.bin: int32 greatest length, then for each id a float32 score, an int32 length and the bytes. Merging is SentencePiece's, spaces are
// plain spaces, and the first three ids are <unk>, <s> and </s>. Source: karpathy/llama2.c tokenizer.py and run.c.
import type { AddedToken } from '../added-tokens.ts';
import { byteFallback } from '../decoders/byte-fallback.ts';
import { fuse } from '../decoders/fuse.ts';
import { decoderSequence } from '../decoders/sequence.ts';
import { stripDecoder } from '../decoders/strip.ts';
import { type PieceKind, ScoreBpeModel, type ScorePiece } from '../models/score-bpe.ts';
import { prepend } from '../normalizers/prepend.ts';
import { Tokenizer } from '../tokenizer.ts';
import { concatBytes } from '../unicode/concat-bytes.ts';
import { decodeUtf8, encodeUtf8 } from '../unicode/utf8.ts';
import { frame } from './frame.ts';

const BYTE = /^<0x[0-9A-F]{2}>$/;

/** A tokenizer from the bytes of a llama2.c tokenizer.bin. Throws a RangeError when the file ends within a token. */
export function readTokenizerBin(bytes: Uint8Array): Tokenizer {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pieces: ScorePiece[] = [];
  let at = 4;
  while (at < bytes.length) {
    if (at + 8 > bytes.length) throw new RangeError(`tokenizer.bin: token ${pieces.length} is cut off`);
    const score = view.getFloat32(at, true);
    const length = view.getInt32(at + 4, true);
    at += 8;
    if (length < 0 || at + length > bytes.length)
      throw new RangeError(`tokenizer.bin: token ${pieces.length} is cut off`);
    const text = decodeUtf8(bytes.subarray(at, at + length));
    const kind: PieceKind =
      pieces.length === 0 ? 'unknown' : pieces.length < 3 ? 'control' : BYTE.test(text) ? 'byte' : 'normal';
    pieces.push({ text, score, kind });
    at += length;
  }
  if (pieces.length < 3)
    throw new RangeError(`tokenizer.bin: expected at least <unk>, <s> and </s>, got ${pieces.length} tokens`);
  const addedTokens: AddedToken[] = ['<unk>', '<s>', '</s>'].map((content, id) => ({
    id,
    content,
    special: true,
  }));
  return new Tokenizer({
    model: new ScoreBpeModel({ pieces, unkId: 0, byteFallback: true }),
    normalizer: prepend(' '),
    postProcessor: frame([
      { ids: [1], tokens: ['<s>'], typeId: 0 },
      { sequence: 0, typeId: 0 },
    ]),
    decoder: decoderSequence([byteFallback(), fuse(), stripDecoder(' ', 1, 0)]),
    addedTokens,
    bosTokenId: 1,
    eosTokenIds: [2],
    unkTokenId: 0,
  });
}

/** The bytes of a llama2.c tokenizer.bin. Throws a TypeError when the model is not a SentencePiece BPE. */
export function writeTokenizerBin(tokenizer: Tokenizer): Uint8Array {
  const { model } = tokenizer.parts;
  if (!(model instanceof ScoreBpeModel))
    throw new TypeError(
      'writeTokenizerBin: expected a model with scores, as llama2.c and SentencePiece BPE have',
    );
  const frame = ['\n<s>\n', '\n</s>\n'];
  const texts = model.options.pieces.map(({ text, kind }, id) =>
    encodeUtf8(kind === 'control' ? (frame[id - 1] ?? text) : text.replaceAll('\u2581', ' ')),
  );
  const longest = texts.reduce((n, t) => Math.max(n, t.length), 0);
  const parts: Uint8Array[] = [littleEndian((v) => v.setInt32(0, longest, true), 4)];
  texts.forEach((text, id) => {
    parts.push(
      littleEndian((v) => {
        v.setFloat32(0, model.options.pieces[id].score, true);
        v.setInt32(4, text.length, true);
      }, 8),
      text,
    );
  });
  return concatBytes(parts);
}

function littleEndian(write: (view: DataView) => void, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  write(new DataView(bytes.buffer));
  return bytes;
}
