// Unicode's White_Space property: what Rust's `char::is_whitespace` and the `\s` of Oniguruma and fancy-regex mean. JavaScript's `\s` differs in
// two places (it lacks U+0085 and has U+FEFF), which is where most JavaScript tokenizers go wrong.

/** True for the 25 code points with the property White_Space. */
export function isWhiteSpace(codePoint: number): boolean {
  if (codePoint < 0x80) return codePoint === 32 || (codePoint >= 9 && codePoint <= 13);
  if (codePoint < 0x1680) return codePoint === 0x85 || codePoint === 0xa0;
  return (
    codePoint === 0x1680 ||
    (codePoint >= 0x2000 && codePoint <= 0x200a) ||
    codePoint === 0x2028 ||
    codePoint === 0x2029 ||
    codePoint === 0x202f ||
    codePoint === 0x205f ||
    codePoint === 0x3000
  );
}
