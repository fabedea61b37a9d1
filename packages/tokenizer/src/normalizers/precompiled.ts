// SentencePiece's precompiled character map: a Darts double array from byte strings to offsets in a blob of NUL-terminated replacements. Grapheme
// clusters of under six bytes are looked up whole, then characters one by one; of the prefixes found the first, that is the shortest, wins.
// Source: google/sentencepiece src/normalizer.cc; the grapheme rule is Hugging Face's (spm_precompiled).
import type { Edit } from '../aligned-text.ts';
import { graphemes, isPlain } from '../unicode/graphemes.ts';
import { encodeUtf8, utf8ByteLength } from '../unicode/utf8.ts';
import { CharsMap } from './chars-map.ts';
import type { Normalizer } from './normalizer.ts';

export function precompiled(charsmap: Uint8Array, base64: string): Normalizer {
  const map = new CharsMap(charsmap);
  const lookUp = (text: string): string | undefined => map.shortest(encodeUtf8(text));
  const cache = new Map<string, string | null>();
  const find = (text: string): string | undefined => {
    let known = cache.get(text);
    if (known === undefined) {
      known = lookUp(text) ?? null;
      if (cache.size > 20_000) cache.clear();
      cache.set(text, known);
    }
    return known ?? undefined;
  };

  const replace = replacer(find);

  // Printable ASCII makes no clusters; where the map leaves it alone, so does this.
  const isPlain = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).every(
    (char) => (lookUp(char) ?? char) === char,
  );

  return {
    config: { type: 'Precompiled', precompiled_charsmap: base64 },
    normalize: (text) => {
      if (isPlain && /^[\x20-\x7e]*$/.test(text.value)) return;
      if (text.tracked) text.transform(replacements(text.value, find));
      else text.value = replace(text.value);
    },
  };
}

type Find = (text: string) => string | undefined;

/** Whether a cluster is looked up whole. */
const isShort = (cluster: string): boolean =>
  cluster.length > 1 && cluster.length < 6 && utf8ByteLength(cluster) < 6;

/** Replaces on plain text: stretches of characters that are clusters of their own by a table, what is between them by clusters. */
function replacer(find: Find): (text: string) => string {
  const table = new Map<number, string | null>(); // null: stays as it is
  const single = (unit: number): string | null => {
    let known = table.get(unit);
    if (known === undefined) {
      const char = String.fromCharCode(unit);
      known = find(char) ?? null;
      if (known === char) known = null;
      table.set(unit, known);
    }
    return known;
  };
  return (text) => {
    const size = text.length;
    let out = '';
    let start = 0; // of what is copied as it is
    for (let at = 0; at < size; ) {
      if (isPlain(text.charCodeAt(at)) && (at + 1 === size || isPlain(text.charCodeAt(at + 1)))) {
        const to = single(text.charCodeAt(at));
        if (to !== null) {
          out += text.slice(start, at) + to;
          start = at + 1;
        }
        at++;
        continue;
      }
      out += text.slice(start, at);
      start = at;
      // A cluster ends between two plain characters.
      do at++;
      while (at < size && !(isPlain(text.charCodeAt(at - 1)) && isPlain(text.charCodeAt(at))));
      out += joined(text.slice(start, at), find);
      start = at;
    }
    return start === 0 && out === '' ? text : out + text.slice(start);
  };
}

function joined(text: string, find: Find): string {
  let out = '';
  for (const cluster of graphemes(text)) {
    const whole = isShort(cluster) ? find(cluster) : undefined;
    if (whole !== undefined) out += whole;
    else for (const char of cluster) out += find(char) ?? char;
  }
  return out;
}

function replacements(text: string, find: Find): Edit[] {
  const edits: Edit[] = [];
  for (const cluster of graphemes(text)) {
    const whole = isShort(cluster) ? find(cluster) : undefined;
    if (whole !== undefined) {
      replacePart(edits, Array.from(cluster).length, whole);
      continue;
    }
    for (const char of cluster) {
      const found = find(char);
      if (found === undefined) edits.push([char, 0]);
      else replacePart(edits, 1, found);
    }
  }
  return edits;
}

/** Says that `oldCount` characters become `content`: extra new ones are insertions, missing ones are swallowed by the last. */
function replacePart(edits: Edit[], oldCount: number, content: string): void {
  const chars = Array.from(content);
  chars.forEach((char, i) => {
    edits.push([char, i >= oldCount ? 1 : 0]);
  });
  const missing = oldCount - chars.length;
  const last = edits.at(-1);
  if (missing > 0 && last !== undefined) edits[edits.length - 1] = [last[0], last[1] - missing];
}
