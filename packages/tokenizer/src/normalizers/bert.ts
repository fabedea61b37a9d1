// BERT's clean-up: control characters dropped, every space a U+0020, CJK ideographs set apart by spaces, accents and case removed on demand.
import type { AlignedText, Edit } from '../aligned-text.ts';
import { isWhiteSpace } from '../unicode/white-space.ts';
import { lowercaseText } from './lowercase.ts';
import type { Normalizer } from './normalizer.ts';
import { normalizeForm } from './unicode-form.ts';

export interface BertNormalizerOptions {
  readonly cleanText: boolean;
  readonly handleChineseChars: boolean;
  /** Null: as `lowercase` says. */
  readonly stripAccents: boolean | null;
  readonly lowercase: boolean;
}

const CONTROL = /[\p{Cc}\p{Cf}\p{Co}]/u;
const DROPPED = /[\0\ufffd]|(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}]/gu;
const NONSPACING_MARK = /\p{Mn}/u;
const NONSPACING_MARKS = /\p{Mn}/gu;
const IDEOGRAPH =
  /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/u;

const IDEOGRAPHS = new RegExp(IDEOGRAPH.source, 'gu');

export function bertNormalizer(options: BertNormalizerOptions): Normalizer {
  const stripAccents = options.stripAccents ?? options.lowercase;
  return {
    config: {
      type: 'BertNormalizer',
      clean_text: options.cleanText,
      handle_chinese_chars: options.handleChineseChars,
      strip_accents: options.stripAccents,
      lowercase: options.lowercase,
    },
    normalize: (text) => {
      if (options.cleanText) cleanText(text);
      if (options.handleChineseChars) spaceIdeographs(text);
      if (stripAccents) {
        normalizeForm(text, 'NFD');
        if (text.tracked) text.filter((char) => !NONSPACING_MARK.test(char));
        else text.value = text.value.replace(NONSPACING_MARKS, '');
      }
      if (options.lowercase) lowercaseText(text);
    },
  };
}

function cleanText(text: AlignedText): void {
  if (!text.tracked) {
    if (!/^[\x20-\x7e]*$/.test(text.value))
      text.value = text.value.replace(DROPPED, '').replace(/\p{White_Space}/gu, ' ');
    return;
  }
  text.filter(
    (char, c) => c !== 0 && c !== 0xfffd && (c === 9 || c === 10 || c === 13 || !CONTROL.test(char)),
  );
  text.map((char, c) => (isWhiteSpace(c) ? ' ' : char));
}

function spaceIdeographs(text: AlignedText): void {
  if (!IDEOGRAPH.test(text.value)) return;
  if (!text.tracked) {
    text.value = text.value.replace(IDEOGRAPHS, ' $& ');
    return;
  }
  const edits: Edit[] = [];
  for (const char of text.value) {
    if (IDEOGRAPH.test(char)) edits.push([' ', 0], [char, 1], [' ', 1]);
    else edits.push([char, 0]);
  }
  text.transform(edits);
}
