// Lower case character by character, as Rust's `char::to_lowercase`: no rule depends on the neighbours, so a final sigma stays a plain sigma.
import type { AlignedText } from '../aligned-text.ts';
import type { Normalizer } from './normalizer.ts';

export const lowercase = (): Normalizer => ({ config: { type: 'Lowercase' }, normalize: lowercaseText });

/** Lower-cases each character by itself. */
export function lowercaseText(text: AlignedText): void {
  if (!text.tracked && !text.value.includes('\u03a3')) text.value = text.value.toLowerCase();
  else if (text.value.toLowerCase() !== text.value) text.expand((char) => char.toLowerCase());
}
