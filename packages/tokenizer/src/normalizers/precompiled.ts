// SentencePiece's precompiled character map: a Darts double array from byte strings to offsets in a blob of NUL-terminated replacements. Grapheme
// clusters of under six bytes are looked up whole, then characters one by one; of the prefixes found the first, that is the shortest, wins.
// Source: google/sentencepiece src/normalizer.cc; the grapheme rule is Hugging Face's (spm_precompiled).
import type { Edit } from '../aligned-text.ts';
import { encodeUtf8 } from '../unicode/utf8.ts';
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
  const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

  return {
    config: { type: 'Precompiled', precompiled_charsmap: base64 },
    normalize: (text) => {
      const edits: Edit[] = [];
      let modified = false;
      const character = (char: string) => {
        const found = find(char);
        if (found === undefined) edits.push([char, 0]);
        else {
          modified = true;
          replacePart(edits, 1, found);
        }
      };
      for (const { segment } of ASCII.test(text.value)
        ? asciiGraphemes(text.value)
        : segmenter.segment(text.value)) {
        if (segment.length > 1 && segment.length < 6 && encodeUtf8(segment).length < 6) {
          const found = find(segment);
          if (found !== undefined) {
            modified = true;
            replacePart(edits, Array.from(segment).length, found);
            continue;
          }
        }
        for (const char of segment) character(char);
      }
      if (modified) text.transform(edits);
    },
  };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: plain ASCII without a carriage return has one grapheme a character
const ASCII = /^[\x00-\x0c\x0e-\x7f]*$/;

function* asciiGraphemes(text: string): Generator<{ segment: string }> {
  for (let i = 0; i < text.length; i++) yield { segment: text[i] };
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
