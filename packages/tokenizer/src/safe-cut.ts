// Byte-level vocabularies with a known split never join a letter or number with a following space, nor a newline with a following letter.
const LETTER = /^\p{L}/u;
const LETTER_OR_NUMBER = /^[\p{L}\p{N}]/u;

/** Where `text` may be cut for good: the last safe place, or 0. */
export function lastSafeCut(text: string): number {
  for (let i = text.length - 1; i >= 0; i--) {
    const unit = text.charCodeAt(i);
    if (unit === 32 && i > 0 && isOf(LETTER_OR_NUMBER, text, i - 1)) return i;
    if (unit === 10 && isOf(LETTER, text, i + 1)) return i + 1;
  }
  return 0;
}

/** Whether the character that has a unit at `at` is of a class. */
function isOf(expression: RegExp, text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  // A run of spaces is most of what there is beside letters.
  if (unit === 32 || unit === 10) return false;
  const isSecond = (unit & 0xfc00) === 0xdc00 && (text.charCodeAt(at - 1) & 0xfc00) === 0xd800;
  return expression.test(text.slice(isSecond ? at - 1 : at, at + 2));
}
