// SentencePiece's own normaliser (google/sentencepiece src/normalizer.cc): longest match in the character map, runs of spaces collapsed, a dummy prefix,
// spaces escaped as U+2581. Hugging Face's Precompiled differs in taking the shortest match of a grapheme. User-defined pieces are left untouched.
import type { AlignedText, Edit } from '../aligned-text.ts';
import { ByteTrie } from '../engine/byte-trie.ts';
import { encodeUtf8 } from '../unicode/utf8.ts';
import { CharsMap } from './chars-map.ts';
import type { Normalizer, StageConfig } from './normalizer.ts';
import { sentencePieceConfig } from './sentence-piece-config.ts';

export interface SentencePieceNormalizerOptions {
  /** The file's precompiled_charsmap; empty for none. */
  readonly charsmap: Uint8Array;
  readonly addDummyPrefix: boolean;
  readonly removeExtraWhitespaces: boolean;
  readonly escapeWhitespaces: boolean;
  /** The dummy prefix goes behind the text. */
  readonly whitespaceAsSuffix?: boolean;
  /** User-defined pieces: the character map leaves them as they are. */
  readonly untouched?: readonly string[];
}

export function sentencePieceNormalizer(options: SentencePieceNormalizerOptions): Normalizer {
  const map = options.charsmap.length > 0 ? new CharsMap(options.charsmap) : undefined;
  const keep = new ByteTrie();
  for (const text of options.untouched ?? []) if (text !== '') keep.insert(encodeUtf8(text), text.length);
  const spaced = (options.untouched ?? []).some((text) => text.includes(' '));
  const space = options.escapeWhitespaces ? '\u2581' : ' ';
  let config: StageConfig | undefined;
  return {
    // tokenizer.json has no such stage.
    get config() {
      config ??= sentencePieceConfig(options, map);
      return config;
    },
    normalize: (text) => {
      let isEmpty = text.value === '';
      let hasStarted = false;
      let kept: ReadonlySet<number> | undefined;
      if (map !== undefined || (spaced && text.value.includes(' '))) {
        const mapped = mapCharacters(text.value, map, keep);
        hasStarted = mapped.hasStarted;
        kept = mapped.keptSpaces;
        text.transform(mapped.edits, mapped.skipped);
      }
      if (options.removeExtraWhitespaces) {
        removeExtraSpaces(text, kept);
        // What becomes nothing is still text behind which the dummy prefix belongs.
        isEmpty = text.value === '' && !hasStarted;
      }
      if (options.addDummyPrefix && !isEmpty && !options.whitespaceAsSuffix) {
        if (text.value === '') text.transformRange(0, 0, [[' ', 1]]);
        else text.prepend(' ');
      }
      if (space !== ' ') {
        if (text.tracked) text.map((char) => (char === ' ' ? space : char));
        else text.value = text.value.replaceAll(' ', space);
      }
      // Visible spaces in the text itself go too when they end it, as in the library.
      if (options.removeExtraWhitespaces) removeTrailing(text, space);
      if (options.addDummyPrefix && !isEmpty && options.whitespaceAsSuffix)
        text.transformRange(text.value.length, text.value.length, [[space, 1]]);
    },
  };
}

interface Mapped {
  readonly edits: readonly Edit[];
  readonly skipped: number;
  /** Something else than a single space was read: even if it became nothing, the text is not empty. */
  readonly hasStarted: boolean;
  /** Places, in characters of the result, of spaces behind spaces that stay: both came of one entry of the map or one user-defined piece. */
  readonly keptSpaces: ReadonlySet<number>;
}

function mapCharacters(text: string, map: CharsMap | undefined, keep: ByteTrie): Mapped {
  const keptSpaces = new Set<number>();
  // The library takes away the spaces at the beginning of what one step gave when a space stands before it, and no others.
  const keepSpaces = (from: number) => {
    let isLeading = true;
    for (let i = from; i < edits.length; i++) {
      if (edits[i][0] !== ' ') isLeading = false;
      else if (
        i > from &&
        edits[i - 1][0] === ' ' &&
        (!isLeading || (from > 0 && edits[from - 1][0] !== ' '))
      )
        keptSpaces.add(i);
    }
  };
  const bytes = encodeUtf8(text);
  const edits: Edit[] = [];
  let hasStarted = false;
  let at = 0; // in bytes
  let unit = 0; // in UTF-16 units
  let skipped = 0; // characters that became nothing before the first that did not
  while (unit < text.length) {
    const units = longestKept(keep, bytes, at);
    if (units > 0) {
      const piece = text.slice(unit, unit + units);
      const from = edits.length;
      for (const char of piece) edits.push([char, 0]);
      keepSpaces(from);
      if (piece !== ' ') hasStarted = true;
      unit += units;
      at += encodeUtf8(piece).length;
      continue;
    }
    const found = map?.longest(bytes, at);
    if (found === undefined) {
      const char = String.fromCodePoint(text.codePointAt(unit)!);
      edits.push([char, 0]);
      unit += char.length;
      at += encodeUtf8(char).length;
      continue;
    }
    let count = 0;
    for (const end = at + found.length; at < end; count++) {
      const char = String.fromCodePoint(text.codePointAt(unit)!);
      unit += char.length;
      at += encodeUtf8(char).length;
    }
    if (found.text !== ' ') hasStarted = true;
    const chars = Array.from(found.text);
    chars.forEach((char, i) => {
      edits.push([char, i < count ? 0 : 1]);
    });
    keepSpaces(edits.length - chars.length);
    const missing = count - chars.length;
    const last = edits.at(-1);
    if (missing > 0 && last !== undefined)
      edits[edits.length - 1] = [last[0], last[1] <= 0 ? last[1] - missing : last[1]];
    else if (missing > 0) skipped += missing;
  }
  return { edits, skipped, hasStarted, keptSpaces };
}

/** UTF-16 units of the longest piece to keep that begins at `at`, or 0. */
function longestKept(keep: ByteTrie, bytes: Uint8Array, at: number): number {
  let units = 0;
  let node = 0;
  for (let i = at; i < bytes.length; i++) {
    node = keep.child(node, bytes[i]);
    if (node < 0) break;
    if (keep.value(node) > 0) units = keep.value(node);
  }
  return units;
}

function removeExtraSpaces(text: AlignedText, kept: ReadonlySet<number> = new Set()): void {
  if (!text.tracked && kept.size === 0) {
    text.value = text.value.replace(/^ +/, '').replace(/ {2,}/g, ' ');
    return;
  }
  let previous = ' ';
  let place = 0;
  const stays = (char: string): boolean => {
    const keep = char !== ' ' || previous !== ' ' || kept.has(place);
    previous = char;
    place++;
    return keep;
  };
  if (text.tracked) text.filter(stays);
  else text.value = Array.from(text.value).filter(stays).join('');
}

function removeTrailing(text: AlignedText, space: string): void {
  let end = text.value.length;
  while (end > 0 && text.value[end - 1] === space) end--;
  if (end === text.value.length) return;
  if (!text.tracked) {
    text.value = text.value.slice(0, end);
    return;
  }
  let count = 0;
  text.filter((char) => {
    count += char.length;
    return count <= end;
  });
}
