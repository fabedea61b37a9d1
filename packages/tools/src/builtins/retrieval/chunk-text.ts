// A document in overlapping pieces that end at paragraphs, sentences or words where they can; each piece knows where it stands.
import { checkOptions } from '../../check-options.ts';

/** One piece of a document. */
export interface Chunk {
  readonly text: string;
  /** Offsets in the document, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
}

/**
 * Pieces of at most `size` characters, each beginning `overlap` characters before the end of the last.
 *
 * @throws RangeError unless 0 <= overlap < size.
 */
export function chunkText(
  text: string,
  options: { readonly size?: number; readonly overlap?: number } = {},
): Chunk[] {
  checkOptions(options, ['size', 'overlap'], 'chunkText');
  const { size = 1000, overlap = 150 } = options;
  if (!(size > 0 && overlap >= 0 && overlap < size))
    throw new RangeError(`overlap: expected 0 <= overlap < size, got ${overlap} and ${size}`);
  const chunks: Chunk[] = [];
  let start = 0;
  while (start < text.length) {
    let end = Math.min(text.length, start + size);
    if (end < text.length) {
      const least = start + Math.max(overlap + 1, Math.floor(size / 2));
      const window = text.slice(least, end);
      const cut = [/\n\s*\n(?!.*\n\s*\n)/s, /[.!?]["')\]]?\s(?!.*[.!?]["')\]]?\s)/s, /\s(?!.*\s)/s]
        .map((p) => p.exec(window))
        .find((m) => m !== null);
      if (cut) end = least + cut.index + cut[0].length;
      else if (/[\ud800-\udbff]$/.test(text.slice(start, end))) end--;
    }
    const piece = text.slice(start, end);
    if (piece.trim() !== '') chunks.push({ text: piece, start, end });
    if (end >= text.length) break;
    start = Math.max(start + 1, end - overlap);
    if (/^[\udc00-\udfff]/.test(text.slice(start, start + 1))) start++;
  }
  return chunks;
}
