// Tokens as an SVG picture: boxes with the text above and the ids below, wrapped to a width.

import type { EncodeOptions, Tokenizer } from '../tokenizer.ts';
import { refuseUnknownOptions } from '../unknown-options.ts';
import { escapeMarkup, hueOf } from './markup.ts';
import { tokenSpans } from './token-spans.ts';

/** What `tokensToSvg` may be told. */
export interface TokensToSvgOptions {
  /** Passed on to the tokenizer. */
  readonly encode?: EncodeOptions;
  /** In pixels; default 720. */
  readonly width?: number;
}

const HEIGHT = 46;
const GAP = 4;

/** An SVG document that shows how a text is cut. Spaces are drawn as a middle dot, newlines as an arrow. Throws a RangeError for a width under 80. */
export function tokensToSvg(tokenizer: Tokenizer, text: string, options: TokensToSvgOptions = {}): string {
  refuseUnknownOptions('tokensToSvg', options, ['encode', 'width']);
  const { width = 720, encode } = options;
  if (!(width >= 80)) throw new RangeError(`width: expected a number >= 80, got ${width}`);
  let x = GAP;
  let y = GAP;
  const boxes = tokenSpans(tokenizer, text, encode).map((span, i) => {
    const shown = span.text.replaceAll(' ', '\u00b7').replaceAll('\n', '\u21b5').replaceAll('\t', '\u2192');
    const ids = span.ids.join(' ');
    const wide = Array.from(shown).reduce((n, c) => n + ((c.codePointAt(0) ?? 0) > 0x2e80 ? 18 : 9.6), 0);
    const box = Math.max(wide, ids.length * 6.2) + 10;
    if (x + box > width && x > GAP) {
      x = GAP;
      y += HEIGHT + GAP;
    }
    const fill = span.ids.length === 0 ? '#eee' : `hsl(${hueOf(span.ids, i)} 70% 85%)`;
    const middle = x + box / 2;
    const drawn =
      `<rect x="${x}" y="${y}" width="${box.toFixed(1)}" height="${HEIGHT}" rx="5" fill="${fill}"/>` +
      `<text x="${middle.toFixed(1)}" y="${y + 21}" font-size="16">${escapeMarkup(shown)}</text>` +
      `<text x="${middle.toFixed(1)}" y="${y + 38}" font-size="10" fill="#555">${ids}</text>`;
    x += box + GAP;
    return drawn;
  });
  const height = y + HEIGHT + GAP;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ` +
    `font-family="ui-monospace, Menlo, Consolas, monospace" text-anchor="middle"><rect width="100%" height="100%" fill="#fff"/>${boxes.join('')}</svg>\n`
  );
}
