// Takes the leading and trailing spaces of byte-level tokens out of their offsets.
import { BYTE_TO_CHAR } from '../byte-alphabet.ts';
import type { Encoding } from '../encoding.ts';
import { offsetsInCodePoints } from '../offsets.ts';
import { isWhiteSpace } from '../unicode/white-space.ts';

const isSpace = (char: string): boolean => char === BYTE_TO_CHAR[32] || isWhiteSpace(char.codePointAt(0)!);

/**
 * `addPrefixSpace`: one leading space of the first token was put there by the pre-tokenizer and is not in the text. The reference counts in code points, which
 * matters where a token of spaces alone stands for a character outside the basic plane.
 */
export function trimSpaces(encoding: Encoding, text: string, addPrefixSpace: boolean): Encoding {
  if (!/[\ud800-\udfff]/.test(text)) return trim(encoding, addPrefixSpace);
  const units: number[] = []; // where each code point begins
  for (let i = 0; i < text.length; i += text.codePointAt(i)! > 0xffff ? 2 : 1) units.push(i);
  units.push(text.length);
  const points = (e: Encoding): Encoding => ({
    ...e,
    offsets: offsetsInCodePoints(text, e.offsets),
    overflowing: e.overflowing.map(points),
  });
  const back = (e: Encoding): Encoding => ({
    ...e,
    offsets: e.offsets.map(([start, end]) => [units[start], units[end]]),
    overflowing: e.overflowing.map(back),
  });
  return back(trim(points(encoding), addPrefixSpace));
}

function trim(encoding: Encoding, addPrefixSpace: boolean): Encoding {
  const offsets = encoding.offsets.map(([start, end], i): readonly [number, number] => {
    const chars = Array.from(encoding.tokens[i]);
    let leading = 0;
    let trailing = 0;
    while (leading < chars.length && isSpace(chars[leading])) leading++;
    while (trailing < chars.length && isSpace(chars[chars.length - 1 - trailing])) trailing++;
    let from = start;
    let to = end;
    if (leading > 0) {
      if ((i === 0 || start === 0) && addPrefixSpace && leading === 1) leading = 0;
      from = Math.min(start + leading, end);
    }
    if (trailing > 0 && end >= trailing) to = Math.max(end - trailing, from);
    return [from, to];
  });
  return {
    ...encoding,
    offsets,
    overflowing: encoding.overflowing.map((part) => trim(part, addPrefixSpace)),
  };
}
