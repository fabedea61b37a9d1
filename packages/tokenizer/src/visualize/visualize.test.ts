import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readTiktoken } from '../formats/tiktoken.ts';
import { tokenSpans } from './token-spans.ts';
import { tokensToHtml } from './tokens-to-html.ts';
import { tokensToSvg } from './tokens-to-svg.ts';

const bytes = Array.from({ length: 256 }, (_, byte) => `${btoa(String.fromCharCode(byte))} ${byte}`).join(
  '\n',
);
const tokenizer = readTiktoken(bytes, { pattern: 'gpt2', specialTokens: { '<|end|>': 256 } });

it('the spans joined are the text, and their ids are those of the tokenizer', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const spans = tokenSpans(tokenizer, text);
      expect(spans.map((s) => s.text).join('')).toBe(text);
      expect(spans.flatMap((s) => s.ids)).toEqual(tokenizer.encode(text));
    }),
  );
});

it('no text becomes markup', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('<', '>', '"', "'", '&', 'script', ' onload=') }),
      (text) => {
        const tags = (markup: string) =>
          markup.replace(/<\/?(?:span|code|svg|rect|text)(?: [\w:.-]+="[^"<>]*")*\/?>/g, '');
        expect(tags(tokensToHtml(tokenizer, text))).not.toMatch(/[<>"']/);
        expect(tags(tokensToSvg(tokenizer, text)).trim()).not.toMatch(/[<>"']/);
      },
    ),
  );
});

it('control tokens are marked', () => {
  const html = tokensToHtml(tokenizer, 'a<|end|>', { encode: { allowedSpecial: 'all' } });
  expect(html).toContain('title="256"');
  expect(html).toContain('font-weight:bold');
});
