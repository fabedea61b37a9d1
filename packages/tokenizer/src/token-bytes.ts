// The bytes that a token adds in the middle of a text, as its decoder would write them.
import { alphabetToBytes } from './byte-alphabet.ts';
import type { Decoder } from './decoders/decoder.ts';
import type { StageConfig } from './normalizers/normalizer.ts';
import { encodeUtf8 } from './unicode/utf8.ts';

const BYTE = /^<0x([0-9a-fA-F]{2})>$/;

/** A function from token strings to bytes for a decoder. */
export function bytesOfToken(decoder: Decoder | undefined): (token: string) => Uint8Array {
  if (decoder === undefined) return encodeUtf8;
  const parts = flatten(decoder.config);
  if (parts.some((p) => p.type === 'ByteLevel'))
    return (token) => alphabetToBytes(token) ?? encodeUtf8(token);
  const suffix = parts.find((p) => p.type === 'BPEDecoder')?.suffix as string | undefined;
  if (suffix !== undefined) return (token) => encodeUtf8(token.replaceAll(suffix, ' '));
  const hasBytes = parts.some((p) => p.type === 'ByteFallback');
  return (token) => {
    const byte = hasBytes ? BYTE.exec(token) : null;
    if (byte !== null) return Uint8Array.of(Number.parseInt(byte[1], 16));
    const anchor = token === 'a' ? 'b' : 'a';
    return encodeUtf8(
      decoder
        .decode([anchor, token])
        .join('')
        .slice(decoder.decode([anchor]).join('').length),
    );
  };
}

function flatten(config: StageConfig): StageConfig[] {
  return config.type === 'Sequence' ? (config.decoders as StageConfig[]).flatMap(flatten) : [config];
}

/** Whether a decoder is GPT-2's alone, so that decoding is joining bytes. */
export const isByteLevel = (decoder: Decoder): boolean => decoder.config.type === 'ByteLevel';
