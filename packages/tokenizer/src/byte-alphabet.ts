// GPT-2's reversible map between the 256 bytes and 256 printable characters ("bytes_to_unicode"): printable Latin-1 stands for itself, the other
// 68 bytes are U+0100, U+0101, ... in order. Byte-level vocabularies are written in this alphabet.

/** For each byte, its character. */
export const BYTE_TO_CHAR: readonly string[] = /* @__PURE__ */ makeAlphabet();

const CHAR_TO_BYTE: Int16Array = /* @__PURE__ */ makeInverse();

function makeAlphabet(): string[] {
  let extra = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    return String.fromCharCode(printable ? byte : extra++);
  });
}

function makeInverse(): Int16Array {
  const inverse = new Int16Array(324).fill(-1);
  BYTE_TO_CHAR.forEach((char, byte) => {
    inverse[char.charCodeAt(0)] = byte;
  });
  return inverse;
}

/** The byte that a character of the alphabet stands for, or -1. */
export const charToByte = (unit: number): number => (unit < 324 ? CHAR_TO_BYTE[unit] : -1);

/** Writes bytes in the alphabet. */
export function bytesToAlphabet(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) text += BYTE_TO_CHAR[bytes[i]];
  return text;
}

/** Reads text in the alphabet back to bytes, or undefined where a character is not of the alphabet. */
export function alphabetToBytes(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const byte = charToByte(text.charCodeAt(i));
    if (byte < 0) return undefined;
    bytes[i] = byte;
  }
  return bytes;
}
