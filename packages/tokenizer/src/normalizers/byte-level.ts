// Writes every byte of the text as a character of GPT-2's alphabet, before splitting.
import type { AlignedText, Edit } from '../aligned-text.ts';
import { BYTE_TO_CHAR } from '../byte-alphabet.ts';
import { encodeUtf8 } from '../unicode/utf8.ts';
import type { Normalizer } from './normalizer.ts';

export const byteLevelNormalizer = (): Normalizer => ({
  config: { type: 'ByteLevel' },
  normalize: writeBytes,
});

/** Replaces each character by the alphabet's characters for its UTF-8 bytes. */
export function writeBytes(text: AlignedText): void {
  const bytes = encodeUtf8(text.value);
  const edits: Edit[] = [];
  for (const byte of bytes) edits.push([BYTE_TO_CHAR[byte], (byte & 0xc0) === 0x80 ? 1 : 0]);
  text.transform(edits);
}
