// NFC, NFD, NFKC, NFKD with offsets. The engine's `normalize` gives the text; where offsets are tracked the standard's algorithm (decompose, order,
// recompose) is run on edits, so that a composed letter owns the range of all its parts.
import type { AlignedText, Edit } from '../aligned-text.ts';
import type { Normalizer } from './normalizer.ts';

/** A Unicode normalisation form. */
export type UnicodeForm = 'NFC' | 'NFD' | 'NFKC' | 'NFKD';

export function unicodeForm(form: UnicodeForm): Normalizer {
  return { config: { type: form }, normalize: (text) => normalizeForm(text, form) };
}

/** Brings the text to a form. */
export function normalizeForm(text: AlignedText, form: UnicodeForm): void {
  const result = text.value.normalize(form);
  if (result === text.value) return;
  if (!text.tracked) text.value = result;
  else {
    const decomposed = decompose(text.value, form === 'NFC' || form === 'NFD' ? 'NFD' : 'NFKD');
    text.transform(form === 'NFC' || form === 'NFKC' ? recompose(decomposed) : decomposed);
  }
}

function decompose(text: string, form: 'NFD' | 'NFKD'): Edit[] {
  const out: Edit[] = [];
  let sorted = 0; // marks from here on are still to be put in canonical order
  for (const char of text) {
    let change = 0;
    for (const part of char.normalize(form)) {
      if (isStarter(part)) {
        out.push([part, change]);
        sorted = out.length;
      } else {
        let i = out.length;
        while (i > sorted && precedes(part, out[i - 1][0])) i--;
        out.splice(i, 0, [part, change]);
      }
      change = 1;
    }
  }
  return out;
}

function recompose(decomposed: readonly Edit[]): Edit[] {
  const out: Edit[] = [];
  let starter = -1; // index in `out` of the last starter
  let blocker = ''; // the last mark left between it and the next character
  for (const [char, change] of decomposed) {
    const isMark = !isStarter(char);
    const blocked = blocker !== '' && !(isMark && precedes(blocker, char));
    if (starter >= 0 && !blocked) {
      const composed = (out[starter][0] + char).normalize('NFC');
      if (codePoints(composed) === 1) {
        out[starter] = [composed, out[starter][1] + change - 1];
        continue;
      }
    }
    out.push([char, change]);
    if (isMark) {
      if (starter >= 0) blocker = char;
    } else {
      starter = out.length - 1;
      blocker = '';
    }
  }
  return out;
}

const codePoints = (text: string): number =>
  text.length === 1 || (text.length === 2 && text.codePointAt(0)! > 0xffff) ? 1 : 2;

// JavaScript does not tell combining classes, but normalising two marks tells their order: U+0345 has the highest class, U+0334 the lowest.
const starters = new Map<string, boolean>();
function isStarter(char: string): boolean {
  if (char.length === 1 && char.charCodeAt(0) < 0x300) return true;
  let known = starters.get(char);
  if (known === undefined) {
    known =
      `\u0345${char}`.normalize('NFD').startsWith('\u0345') &&
      !`${char}\u0334`.normalize('NFD').startsWith('\u0334');
    starters.set(char, known);
  }
  return known;
}

/** Whether mark `a` has a lower combining class than mark `b`. */
const precedes = (a: string, b: string): boolean =>
  a !== b && (b + a).normalize('NFD') === a + b && b + a !== a + b;
