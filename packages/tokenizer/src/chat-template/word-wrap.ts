// textwrap.wrap with expand_tabs and replace_whitespace off: the one thing the `wordwrap` filter needs.
import type { Runtime } from './runtime.ts';
import { characters, codePointLength, concatStr, type Str } from './str.ts';
import { fail } from './template-error.ts';

// textwrap's whitespace is ASCII only
const chunk = /[\t\n\v\f\r ]+|[^\t\n\v\f\r ]+/g;

/** The lines of one paragraph, without trailing spaces, each a slice of it. */
export function wordWrap(
  rt: Runtime,
  text: Str,
  width: number,
  breakLongWords: boolean,
  breakOnHyphens: boolean,
): Str[] {
  if (width <= 0) fail(`wordwrap: expected width > 0, got ${width}`);
  const chunks: Str[] = [];
  for (const found of text.text.matchAll(chunk)) {
    const word = text.slice(found.index, found.index + found[0].length);
    if (breakOnHyphens && found[0].trim() !== '') chunks.push(...atHyphens(word));
    else chunks.push(word);
  }
  const lines: Str[] = [];
  let next = 0;
  while (next < chunks.length) {
    const line: Str[] = [];
    let length = 0;
    if (lines.length > 0 && chunks[next].text.trim() === '') next++;
    while (next < chunks.length && length + size(chunks[next]) <= width) {
      length += size(chunks[next]);
      line.push(chunks[next++]);
    }
    if (next < chunks.length && size(chunks[next]) > width) {
      const room = width - length;
      if (breakLongWords) {
        // With no room left this cuts nothing off, and the empty piece shields the space before it, as in Python
        const all = characters(chunks[next]);
        rt.work(all.length * 8);
        let cut = room;
        if (breakOnHyphens && all.length > room) {
          const hyphen = all
            .slice(0, room)
            .map((c) => c.text)
            .lastIndexOf('-');
          if (hyphen > 0 && all.slice(0, hyphen).some((c) => c.text !== '-')) cut = hyphen + 1;
        }
        line.push(concatStr(all.slice(0, cut)));
        chunks[next] = concatStr(all.slice(cut));
      } else if (line.length === 0) line.push(chunks[next++]);
    }
    if (line.length > 0 && line[line.length - 1].text.trim() === '') line.pop();
    if (line.length > 0) lines.push(concatStr(line));
  }
  return lines;
}

const size = (piece: Str): number => codePointLength(piece.text);

/** Cuts after a hyphen between letters, and around a dash of two or more hyphens. */
function atHyphens(word: Str): Str[] {
  const cuts: number[] = [];
  const { text } = word;
  for (const found of text.matchAll(/(?<=[\p{L}\p{N}_!"'&.,?])-{2,}(?=[\p{L}\p{N}_])/gu))
    cuts.push(found.index, found.index + found[0].length);
  for (const found of text.matchAll(/(?<=(?:[\p{L}_]{2}|[\p{L}_]-[\p{L}_]))-(?=[\p{L}_]-?[\p{L}_])/gu))
    cuts.push(found.index + 1);
  const edges = [...new Set([0, ...cuts.sort((a, b) => a - b), text.length])];
  return edges.slice(1).map((edge, i) => word.slice(edges[i], edge));
}
