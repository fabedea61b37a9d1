// SentencePiece's normaliser as stages of tokenizer.json. What is exact: spaces, dummy prefix and suffix, and every character that the map has alone. `Precompiled`
// reads the map otherwise than the library (whole clusters of under six bytes by the shortest key, everything longer character by character), so of keys of several
// characters it finds few: Hangul and kana in pieces stay in pieces, and a folded letter loses its accent. Where the map is of the usual kind (NFKC, with or
// without folded case; tested below) the text is composed before and behind it, which gives what the library gives but for rare sequences.
import { bytesToBase64 } from '../formats/base64.ts';
import { encodeUtf8 } from '../unicode/utf8.ts';
import type { CharsMap } from './chars-map.ts';
import type { StageConfig } from './normalizer.ts';
import type { SentencePieceNormalizerOptions } from './sentence-piece.ts';

/** The stages that Hugging Face's `tokenizers` and our own reader run for a SentencePiece normaliser. */
export function sentencePieceConfig(
  options: SentencePieceNormalizerOptions,
  map: CharsMap | undefined,
): StageConfig {
  const space = options.escapeWhitespaces ? '\u2581' : ' ';
  const replace = (pattern: object, content: string): StageConfig => ({ type: 'Replace', pattern, content });
  const normalizers: StageConfig[] = map === undefined ? [] : mapStages(options.charsmap, map);
  if (options.removeExtraWhitespaces)
    normalizers.push(replace({ Regex: ' {2,}' }, ' '), replace({ Regex: '\\A | \\z' }, ''));
  if (options.addDummyPrefix && !options.whitespaceAsSuffix)
    normalizers.push({ type: 'Prepend', prepend: ' ' });
  if (options.escapeWhitespaces) normalizers.push(replace({ String: ' ' }, space));
  // Visible spaces at the end go too, as in the library.
  if (options.removeExtraWhitespaces) normalizers.push(replace({ Regex: `${space}+\\z` }, ''));
  if (options.addDummyPrefix && options.whitespaceAsSuffix)
    normalizers.push(replace({ Regex: '\\z' }, space));
  return { type: 'Sequence', normalizers };
}

function mapStages(charsmap: Uint8Array, map: CharsMap): StageConfig[] {
  const stages: StageConfig[] = [{ type: 'Precompiled', precompiled_charsmap: bytesToBase64(charsmap) }];
  const alone = (text: string): string => Array.from(text, (char) => whole(map, char) ?? char).join('');
  if (composes(map, alone)) {
    const folds =
      whole(map, 'A') === 'a' && everyCharacter((char) => alone(char.toLowerCase()) === alone(char));
    if (folds) stages.unshift({ type: 'Lowercase' });
    stages.unshift({ type: 'NFC' });
    stages.push({ type: 'NFC' });
  }
  // A cluster: the shortest key is all that would be seen of it.
  if (whole(map, '\r') !== undefined)
    stages.unshift({ type: 'Replace', pattern: { String: '\r\n' }, content: alone('\r\n') });
  return stages;
}

/** Whether the map composes what NFC composes, and NFC changes nothing in what it does to characters. */
function composes(map: CharsMap, alone: (text: string) => string): boolean {
  return everyCharacter((char) => {
    const parts = char.normalize('NFD');
    const isPair = parts.length === 2 && char.length === 1 && parts.normalize('NFC') === char;
    // Marks that stand alone become a space with a mark, which is no letter to put another on.
    const isLetter = isPair && alone(parts[0]).length === 1;
    if (isLetter && !isNew(char) && whole(map, parts) !== alone(char)) return false;
    return alone(char.normalize('NFC')).normalize('NFC') === alone(char).normalize('NFC');
  });
}

/** Characters that one version of Unicode composes and another does not. */
const isNew = (char: string): boolean => char > '\u1fff' && char < '\u3000';

function everyCharacter(holds: (char: string) => boolean): boolean {
  for (let code = 0x20; code < 0x1_0000; code++) {
    if (code === 0xd800) code = 0xf900;
    if (!holds(String.fromCharCode(code))) return false;
  }
  return true;
}

/** What the map makes of exactly this text. */
function whole(map: CharsMap, text: string): string | undefined {
  const bytes = encodeUtf8(text);
  const found = map.longest(bytes, 0);
  return found?.length === bytes.length ? found.text : undefined;
}
