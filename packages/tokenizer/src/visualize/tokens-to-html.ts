// Tokens as HTML: one element a span, its ids in the title. All text is escaped; there is no script and no outside style.

import type { EncodeOptions, Tokenizer } from '../tokenizer.ts';
import { refuseUnknownOptions } from '../unknown-options.ts';
import { escapeMarkup, hueOf, visible } from './markup.ts';
import { tokenSpans } from './token-spans.ts';

/** What `tokensToHtml` may be told. */
export interface TokensToHtmlOptions {
  /** Passed on to the tokenizer. */
  readonly encode?: EncodeOptions;
  /** Class of the outer element; default 'ashlar-tokens'. */
  readonly className?: string;
}

/**
 * An HTML fragment that shows how a text is cut: the component of the playground and of any page. Safe for untrusted text.
 *
 * @example
 * ```ts
 * import { readTiktoken } from '@ashlar/tokenizer';
 * import { tokensToHtml } from '@ashlar/tokenizer/visualize';
 *
 * const bytes = Array.from({ length: 256 }, (_, byte) => `${btoa(String.fromCharCode(byte))} ${byte}`).join('\n');
 * const html = tokensToHtml(readTiktoken(bytes, { pattern: 'gpt2' }), '<b>');
 * html.includes('<b>') // => false
 * html.includes('title="60"') // => true
 * ```
 */
export function tokensToHtml(tokenizer: Tokenizer, text: string, options: TokensToHtmlOptions = {}): string {
  refuseUnknownOptions('tokensToHtml', options, ['encode', 'className']);
  const spans = tokenSpans(tokenizer, text, options.encode).map((span, i) => {
    const hue = hueOf(span.ids, i);
    const style =
      span.ids.length === 0
        ? 'opacity:.5'
        : `background:hsl(${hue} 70% 85%);color:#111${span.isSpecial ? ';font-weight:bold' : ''}`;
    return `<span title="${span.ids.join(' ')}" style="${style}">${escapeMarkup(visible(span.text))}</span>`;
  });
  const className = escapeMarkup(options.className ?? 'ashlar-tokens');
  return `<code class="${className}" style="white-space:pre-wrap">${spans.join('')}</code>`;
}
