// UTF-8 arithmetic on JavaScript strings. Lone surrogates are taken as U+FFFD, as `TextEncoder` does.

const encoder = /* @__PURE__ */ new TextEncoder();
const decoder = /* @__PURE__ */ new TextDecoder('utf-8', { ignoreBOM: true });

/** The UTF-8 bytes of `text`; a lone surrogate becomes EF BF BD. */
export const encodeUtf8 = (text: string): Uint8Array => encoder.encode(text);

/** The text of UTF-8 `bytes`; an ill-formed sequence becomes U+FFFD, a leading BOM stays. */
export const decodeUtf8 = (bytes: Uint8Array): string => decoder.decode(bytes);

/** Bytes of the well-formed character at `at`, or 0 when there is none (overlong forms, surrogates and what is cut off are none). */
export function validLength(bytes: ArrayLike<number>, at: number): number {
  const b = bytes[at];
  if (b < 0x80) return 1;
  const length = b >= 0xc2 && b < 0xe0 ? 2 : b >= 0xe0 && b < 0xf0 ? 3 : b >= 0xf0 && b < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  for (let k = 1; k < length; k++) if ((bytes[at + k] & 0xc0) !== 0x80) return 0;
  const second = bytes[at + 1];
  if ((b === 0xe0 && second < 0xa0) || (b === 0xed && second >= 0xa0)) return 0;
  if ((b === 0xf0 && second < 0x90) || (b === 0xf4 && second >= 0x90)) return 0;
  return length;
}

/** Bytes that the code point takes in UTF-8. */
export const utf8Length = (codePoint: number): number =>
  codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;

/** Bytes that `text` takes in UTF-8. */
export function utf8ByteLength(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) bytes += 1;
    else if (unit < 0xd800 || unit > 0xdfff) bytes += 2;
    else if (unit < 0xdc00 && isLowSurrogate(text.charCodeAt(i + 1))) {
      bytes += 2; // two units, four bytes
      i++;
    } else bytes += 2;
  }
  return bytes;
}

const isLowSurrogate = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff;

/** `text` with every lone surrogate replaced by U+FFFD; the length does not change. */
export function toWellFormed(text: string): string {
  // ES2024 has a check that costs next to nothing; the expression is for older engines.
  const { isWellFormed } = text as { isWellFormed?: () => boolean };
  if (isWellFormed?.call(text) === true) return text;
  return LONE_SURROGATE.test(text) ? text.replace(LONE_SURROGATES, '\ufffd') : text;
}
const LONE_SURROGATE = /\p{Surrogate}/u;
const LONE_SURROGATES = /\p{Surrogate}/gu;
