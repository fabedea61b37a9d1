// Random regular expressions against JavaScript's own (flag u), on random texts and on what walks over our language write.
//
//   node --conditions=@ashlar/source --import tsx conformance/reference/fuzz-regex.ts [SEED] [COUNT]
import {
  type ConstraintGrammar,
  constraint,
  matchesGrammar,
  prepareVocabulary,
  regex,
  UnsatisfiableConstraintError,
  UnsupportedConstraintError,
} from '@ashlar/sampling/constraints';

const [seedText = '1', countText = '500'] = process.argv.slice(2);
let state = Number(seedText) * 2654435761 + 1;
function random(): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return (((state >>> 4) ^ (state >>> 20)) % 65536) / 65536;
}
const below = (n: number): number => Math.floor(random() * n);
const pick = <T>(...list: readonly T[]): T => list[below(list.length)];

const classes = [
  '\\d',
  '\\D',
  '\\w',
  '\\W',
  '\\s',
  '\\S',
  '.',
  '[a-c]',
  '[^a-c]',
  '[\\dx]',
  '[^\\W_]',
  '[\\u{1F600}-\\u{1F64F}]',
  '\\p{L}',
  '\\P{L}',
  '\\p{Lu}',
  '\\p{Script=Greek}',
  '\\p{Nd}',
  '\\p{ASCII}',
  '\\p{Emoji}',
  '\\p{Alphabetic}',
  '\\p{General_Category=Punctuation}',
  '\\p{scx=Deva}',
  '[\\p{L}\\d]',
  '[^\\p{L}]',
  '[]',
  '[^]',
  '[\\]\\-]',
  '[a\\-z]',
  '[.]',
  '\\cJ',
  '\\x41',
  '\\u0041',
  '\\u{1F600}',
  '\\uD83D\\uDE00',
  '\\t',
  '\\n',
  '\\0',
  '\\/',
  '\\.',
  '\\$',
  '[\\b]',
  '[&&--]',
];
function expression(depth: number): string {
  if (depth <= 0) return pick('a', 'b', 'é', '😀', ' ', '-', ...classes);
  return pick(
    () => expression(depth - 1) + expression(depth - 1),
    () => expression(depth - 1) + expression(depth - 1),
    () => `(${expression(depth - 1)}|${expression(depth - 1)})`,
    () =>
      `(?:${expression(depth - 1)})${pick('*', '+', '?', '{2}', '{0,2}', '{1,}', '*?', '+?', '??', '{0}')}`,
    () => `(?<n${below(1e9)}>${expression(depth - 1)})`,
    () => expression(0) + pick('*', '+', '?', '{2}', '{1,3}'),
    () => pick('^', '') + expression(depth - 1) + pick('$', ''),
    () => `(?:${expression(depth - 1)}|)`,
    () => pick('(?=a)', '(?!a)', '\\b', '(?<=a)', '\\1') + expression(depth - 1),
    () => `(?i:${expression(depth - 1)})`,
  )();
}
const alphabet = [
  'a',
  'b',
  'c',
  'x',
  'A',
  'K',
  'é',
  'Σ',
  'ß',
  'अ',
  '😀',
  '🧑',
  ' ',
  '\t',
  '\n',
  '\u2028',
  '\u00a0',
  '\ufeff',
  '-',
  '_',
  '1',
  '9',
  '٣',
  '.',
  '/',
  '\\',
  ']',
  '$',
  '\0',
  '\u{10FFFF}',
  '\b',
  ',',
];

const texts = Array.from({ length: 256 }, (_, b) => Uint8Array.of(b));
const vocabulary = prepareVocabulary({
  vocabSize: 257,
  tokenBytes: (id) => (id === 0 ? undefined : texts[id - 1]),
  eosTokenIds: [0],
});
function walk(language: ConstraintGrammar): string | undefined {
  const running = constraint(language, vocabulary);
  const bytes: number[] = [];
  for (let step = 0; step < 60; step++) {
    const mask = running.mask();
    const allowed: number[] = [];
    for (let id = 0; id < 257; id++) if ((mask[id >> 5] >>> (id & 31)) & 1) allowed.push(id);
    if (allowed.length === 0)
      throw new Error(`dead end after ${JSON.stringify(new TextDecoder().decode(Uint8Array.from(bytes)))}`);
    const id = step > 12 && allowed.includes(0) ? 0 : allowed[below(allowed.length)];
    if (id === 0)
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
    running.accept(id);
    bytes.push(id - 1);
  }
  return undefined;
}

const refused = new Map<string, number>();
const tally = { patterns: 0, texts: 0, matches: 0, walks: 0, wrong: 0 };
for (let i = 0; i < Number(countText); i++) {
  const pattern = expression(3);
  let theirs: RegExp | undefined;
  try {
    theirs = new RegExp(`^(?:${pattern})$`, 'u');
  } catch {}
  const complain = (what: string): void => {
    tally.wrong++;
    console.log(`${JSON.stringify(pattern)}: ${what}`);
  };
  let ours: ConstraintGrammar | undefined;
  try {
    ours = regex(pattern);
  } catch (error) {
    if (error instanceof UnsupportedConstraintError) {
      refused.set(`${error.keyword}`, (refused.get(`${error.keyword}`) ?? 0) + 1);
      continue;
    }
    if (!(error instanceof UnsatisfiableConstraintError)) {
      if (theirs !== undefined) complain(`we throw ${String(error)}`);
      continue;
    }
  }
  if (theirs === undefined) {
    if (!/\(\?i:/.test(pattern)) complain('JavaScript refuses it, we do not');
    continue;
  }
  tally.patterns++;
  const tried = Array.from({ length: 60 }, () =>
    Array.from({ length: below(5) }, () => pick(...alphabet)).join(''),
  );
  if (ours !== undefined)
    for (let w = 0; w < 8; w++) {
      try {
        const written = walk(ours);
        if (written === undefined) continue;
        tally.walks++;
        tried.push(
          written,
          written + pick(...alphabet),
          written.slice(0, -1).replace(/[\ud800-\udfff]/gu, ''),
        );
        if (!theirs.test(written)) complain(`wrote ${JSON.stringify(written)}`);
      } catch (error) {
        complain(String(error));
      }
    }
  for (const text of tried) {
    tally.texts++;
    const wanted = theirs.test(text);
    if (wanted) tally.matches++;
    const got = ours !== undefined && matchesGrammar(ours, text);
    if (got !== wanted) complain(`${got ? 'accepts' : 'refuses'} ${JSON.stringify(text)}`);
  }
}
console.log(JSON.stringify(tally), Object.fromEntries(refused));
process.exitCode = tally.wrong > 0 ? 1 : 0;
