// A text cut into the stretches its tokens stand for. Tokens that share a character (halves of an emoji) share a span.
import type { EncodeOptions, Tokenizer } from '../tokenizer.ts';

/** A stretch of the text and the tokens that make it. */
export interface TokenSpan {
  /** The text, as written. */
  readonly text: string;
  readonly ids: readonly number[];
  /** The tokens as the vocabulary writes them. */
  readonly tokens: readonly string[];
  /** One of the tokens is a control token. */
  readonly isSpecial: boolean;
}

/**
 * The spans of a text in order. Text that no token covers (dropped by a normaliser) is a span without ids.
 *
 * @example
 * ```ts
 * import { readTiktoken } from '@ashlar/tokenizer';
 * import { tokenSpans } from '@ashlar/tokenizer/visualize';
 *
 * const bytes = Array.from({ length: 256 }, (_, byte) => `${btoa(String.fromCharCode(byte))} ${byte}`);
 * const tokenizer = readTiktoken([...bytes, `${btoa('hi')} 256`].join('\n'), { pattern: 'gpt2' });
 * tokenSpans(tokenizer, 'hi\u00e9').map((span) => [span.text, span.ids]) // => [['hi', [256]], ['\u00e9', [195, 169]]]
 * ```
 */
export function tokenSpans(tokenizer: Tokenizer, text: string, options: EncodeOptions = {}): TokenSpan[] {
  const encoding = tokenizer.encodeDetailed(text, { ...options, addSpecialTokens: false });
  const spans: { start: number; end: number; ids: number[]; tokens: string[] }[] = [];
  encoding.ids.forEach((id, i) => {
    const [start, end] = encoding.offsets[i];
    const last = spans.at(-1);
    if (last !== undefined && start < last.end) {
      last.end = Math.max(last.end, end);
      last.ids.push(id);
      last.tokens.push(encoding.tokens[i]);
    } else {
      const at = last?.end ?? 0;
      if (start > at) spans.push({ start: at, end: start, ids: [], tokens: [] });
      spans.push({ start, end, ids: [id], tokens: [encoding.tokens[i]] });
    }
  });
  const covered = spans.at(-1)?.end ?? 0;
  if (covered < text.length) spans.push({ start: covered, end: text.length, ids: [], tokens: [] });
  return spans.map(({ start, end, ids, tokens }) => ({
    text: text.slice(start, end),
    ids,
    tokens,
    isSpecial: ids.some((id) => tokenizer.specialIds.has(id)),
  }));
}
