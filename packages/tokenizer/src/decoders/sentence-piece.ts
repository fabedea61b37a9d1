// How the SentencePiece library joins pieces (google/sentencepiece src/sentencepiece_processor.cc, Decode): the visible space of the first piece is the dummy
// prefix and goes; where extra white space is removed, so do those of all pieces before the first text.
import type { StageConfig } from '../normalizers/normalizer.ts';
import { decodeUtf8, validLength } from '../unicode/utf8.ts';
import type { Decoder } from './decoder.ts';

export interface SentencePieceDecoderOptions {
  readonly addDummyPrefix: boolean;
  readonly removeExtraWhitespaces: boolean;
  /** The unknown piece and what is written for it. */
  readonly unknown?: readonly [piece: string, surface: string];
  /** The nearest thing in tokenizer.json. */
  readonly config: StageConfig;
}

const SPACE = '\u2581';
const BYTE = /^<0x([0-9a-fA-F]{2})>$/;

export function sentencePieceDecoder(options: SentencePieceDecoderOptions): Decoder {
  const { addDummyPrefix, removeExtraWhitespaces, unknown, config } = options;
  const drops = addDummyPrefix || removeExtraWhitespaces;
  const decode = (tokens: readonly string[]): string[] => {
    let atStart = true;
    let text = '';
    let run: number[] = [];
    const flush = (): void => {
      if (run.length === 0) return;
      text += textOfBytes(Uint8Array.from(run));
      run = [];
    };
    for (const token of tokens) {
      const byte = token.length === 6 ? BYTE.exec(token) : null;
      if (byte !== null) {
        run.push(Number.parseInt(byte[1], 16));
        atStart = false;
        continue;
      }
      flush();
      let piece = token;
      if (token === unknown?.[0]) piece = unknown[1];
      else if (atStart && drops && piece.startsWith(SPACE)) {
        piece = piece.slice(1);
        if (!removeExtraWhitespaces) atStart = false;
      }
      if (piece !== '') atStart = false;
      text += piece.replaceAll(SPACE, ' ');
    }
    flush();
    return text === '' ? [] : [text];
  };
  return { config, decode };
}

/** UTF-8 with one U+FFFD for each byte that begins no character. */
function textOfBytes(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const length = validLength(bytes, at);
    text += length === 0 ? '\ufffd' : decodeUtf8(bytes.subarray(at, at + length));
    at += length || 1;
  }
  return text;
}
