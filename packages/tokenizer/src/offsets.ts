// Offsets in other units. Encodings carry UTF-16 units, the unit of JavaScript strings.
import { utf8Length } from './unicode/utf8.ts';

type Offsets = readonly (readonly [number, number])[];

/** Offsets in UTF-16 units as offsets in UTF-8 bytes of the same text. */
export const offsetsInBytes = (text: string, offsets: Offsets): [number, number][] =>
  convert(text, offsets, utf8Length);

/** Offsets in UTF-16 units as offsets in code points of the same text, the unit of Python strings. */
export const offsetsInCodePoints = (text: string, offsets: Offsets): [number, number][] =>
  convert(text, offsets, () => 1);

function convert(text: string, offsets: Offsets, width: (codePoint: number) => number): [number, number][] {
  const position = new Int32Array(text.length + 1);
  let at = 0;
  for (let i = 0; i < text.length; ) {
    const codePoint = text.codePointAt(i)!;
    position[i] = at;
    at += width(codePoint);
    if (codePoint > 0xffff) position[i + 1] = at;
    i += codePoint > 0xffff ? 2 : 1;
  }
  position[text.length] = at;
  return offsets.map(([start, end]) => [position[start], position[end]]);
}
