// The sub-path `@ashlar/tokenizer/visualize`: tokens as coloured spans, for pages and pictures.
export { type TokenSpan, tokenSpans } from './token-spans.ts';
export { type TokensToHtmlOptions, tokensToHtml } from './tokens-to-html.ts';
export { type TokensToSvgOptions, tokensToSvg } from './tokens-to-svg.ts';
