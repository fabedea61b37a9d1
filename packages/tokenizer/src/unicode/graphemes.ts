// Grapheme clusters in linear time. `Intl.Segmenter` slows down with the length of the string it walks, so it only sees short windows, and runs of letters
// that cannot combine and pictographs with what joins them are cut without it.

const segmenter = /* @__PURE__ */ new Intl.Segmenter('en', { granularity: 'grapheme' });
const WINDOW = 16;

/** ASCII without CR, letters of the common scripts, punctuation, ideographs, Hangul syllables: a cluster always ends between two of these. */
export const isPlain = (unit: number): boolean =>
  (unit < 0x80 && unit !== 13) ||
  (unit >= 0xc0 && unit <= 0x2af) ||
  (unit >= 0x391 && unit <= 0x481) ||
  (unit >= 0x5d0 && unit <= 0x5ea) ||
  (unit >= 0x620 && unit <= 0x64a) ||
  (unit >= 0x2010 && unit <= 0x2027) ||
  (unit >= 0x3001 && unit <= 0x3029) ||
  (unit >= 0x3041 && unit <= 0x3096) ||
  (unit >= 0x30a1 && unit <= 0x30fa) ||
  (unit >= 0x4e00 && unit <= 0x9fff) ||
  (unit >= 0xac00 && unit <= 0xd7a3) ||
  (unit >= 0xff01 && unit <= 0xff9d);

const PICTOGRAPH = /\p{Extended_Pictographic}/u;
/** What is known of U+1F000 to U+1FFFF: 1 no pictograph, 2 one. */
const known = /* @__PURE__ */ new Uint8Array(1 << 12);

function isPictograph(codePoint: number): boolean {
  if (codePoint >>> 12 !== 0x1f) return false;
  const at = codePoint & 0xfff;
  if (known[at] === 0) known[at] = PICTOGRAPH.test(String.fromCodePoint(codePoint)) ? 2 : 1;
  return known[at] === 2;
}

/** Where the cluster of a pictograph ends: with variation selectors, skin tones and what joiners join (rules GB9 and GB11); 0 where it takes more to know. */
function endOfPictograph(text: string, start: number): number {
  if (!isPictograph(text.codePointAt(start)!)) return 0;
  let at = start + 2;
  for (let joined = false; ; ) {
    const codePoint = text.codePointAt(at);
    if (codePoint === undefined) return at;
    if (codePoint === 0xfe0f) {
      at++;
      joined = false;
    } else if (codePoint === 0x200d) {
      at++;
      joined = true;
    } else if (codePoint >= 0x1f3fb && codePoint <= 0x1f3ff) {
      at += 2;
      joined = false;
    } else if (isPictograph(codePoint)) {
      if (!joined) return at;
      at += 2;
      joined = false;
    } else return codePoint < 0x10000 && isPlain(codePoint) ? at : 0;
  }
}

/** The grapheme clusters of a text, in order. */
export function* graphemes(text: string): Generator<string> {
  let at = 0;
  while (at < text.length) {
    const next = at + 1;
    if (isPlain(text.charCodeAt(at)) && (next === text.length || isPlain(text.charCodeAt(next)))) {
      yield text[at];
      at = next;
      continue;
    }
    const behind = endOfPictograph(text, at);
    if (behind > 0) {
      yield text.slice(at, behind);
      at = behind;
      continue;
    }
    // The last cluster of a window may go on behind it; a window of one cluster grows.
    for (let size = WINDOW; ; size *= 2) {
      const isLast = at + size >= text.length;
      // A window never ends within a surrogate pair: half a pair would look like a cluster of its own.
      const cutsPair = !isLast && (text.codePointAt(at + size - 1) ?? 0) > 0xffff;
      const window = text.slice(at, at + size - (cutsPair ? 1 : 0));
      const found = Array.from(segmenter.segment(window), (s) => s.segment);
      if (!isLast && found.length < 2 && size < 1 << 14) continue;
      const whole = isLast || found.length < 2 ? found : found.slice(0, -1);
      for (const cluster of whole) {
        yield cluster;
        at += cluster.length;
        if (isPlain(text.charCodeAt(at)) && cluster.length === 1 && isPlain(cluster.charCodeAt(0))) break;
      }
      break;
    }
  }
}
