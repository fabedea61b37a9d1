// Ours against npm `tiktoken` and native `tokenizers` on random strings of nasty atoms: `node --conditions=@ashlar/source --import tsx scripts/tokenizer-parity.ts
// [COUNT] [SEED]` (default 20,000 strings an encoding; 400,000 make more than a million). Both are dependencies of peers/ (`npm run setup -- --peers`). The first difference is printed, with
// the string, and the exit status is 1.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { readTiktoken, readTokenizerJson, type Tokenizer, writeTokenizerJson } from '@ashlar/tokenizer';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const require = createRequire(join(root, 'peers', 'package.json'));
const count = Number(process.argv[2] ?? 20_000);
let state = Number(process.argv[3] ?? 1) >>> 0;

const ATOMS = [
  ...[
    'a',
    'b',
    'Z',
    'The',
    ' the',
    'isPrototypeOf',
    'constructor',
    "'s",
    "'S",
    "'ll",
    "'LL",
    "'\u017f",
    "n't",
    '\u00e9',
    'e\u0301',
    '\u00df',
    '\u01c5',
  ],
  ...[
    ' ',
    '  ',
    '   ',
    '\n',
    '\n\n',
    '\r\n',
    '\t',
    '\u0085',
    '\u00a0',
    '\u3000',
    '\u2028',
    '\ufeff',
    '\u200b',
    '\u200d',
    '\0',
    '\x7f',
  ],
  ...[
    '0',
    '12',
    '345',
    '6789',
    '\u0660',
    '\u00bd',
    '\u2160',
    '.',
    '...',
    '!',
    '?!',
    '/',
    '//',
    '_',
    '-',
    '==',
    '====',
    '{',
    '}',
    '<',
    '|',
    '>',
  ],
  ...[
    '\u65e5',
    '\u65e5\u672c\u8a9e',
    '\u3042',
    '\u30ab',
    '\ud55c\uad6d',
    '\u0645\u0631',
    '\u0e01\u0e33',
    '\u0928\u092e\u0938\u094d',
    '\ud83d\ude00',
    '\ud83d\udc68\u200d\ud83d\udc69',
  ],
  ...[
    '\ud800',
    '\udc00',
    '<|endoftext|>',
    '<|im_start|>',
    'http://x.y',
    'int main()',
    'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
  ],
];

function next(below: number): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
}

const randomText = (): string =>
  Array.from({ length: 1 + next(12) }, () => ATOMS[next(ATOMS.length)]).join('');

function rankFile(name: string): Uint8Array {
  const entry = require.resolve('gpt-tokenizer');
  for (let at = dirname(entry); at.length > 3; at = dirname(at)) {
    const path = join(at, 'data', `${name}.tiktoken`);
    if (existsSync(path)) return readFileSync(path);
  }
  throw new Error(`no ${name}.tiktoken in gpt-tokenizer's package`);
}

type Encode = (text: string) => ArrayLike<number> | Promise<ArrayLike<number>>;

async function compare(title: string, ours: Tokenizer, theirs: Encode, strings: number): Promise<void> {
  for (let i = 0; i < strings; i++) {
    const text = randomText();
    const mine = ours.encode(text);
    const other = Array.from(await theirs(text));
    if (mine.length === other.length && mine.every((id, k) => id === other[k])) continue;
    console.log(
      `${title}: string ${i} differs: ${JSON.stringify(text)}\n  ours   ${mine.join(' ')}\n  theirs ${other.join(' ')}`,
    );
    process.exit(1);
  }
  console.log(`${title}: ${strings} strings, 0 differences`);
}

interface Wasm {
  get_encoding(name: string): { encode(text: string, allowed: string[], disallowed: string[]): Uint32Array };
}
interface Native {
  Tokenizer: { fromString(json: string): { encode(text: string): Promise<{ getIds(): number[] }> } };
}
const { get_encoding } = (await import(pathToFileURL(require.resolve('tiktoken')).href)) as Wasm;
for (const name of ['cl100k_base', 'o200k_base', 'r50k_base', 'p50k_base']) {
  const ours = readTiktoken(rankFile(name), { pattern: name });
  const encoding = get_encoding(name);
  await compare(`${name} = tiktoken`, ours, (text) => encoding.encode(text, [], []), count);
  if (name !== 'cl100k_base') continue;
  // The same vocabulary written as tokenizer.json: our reader and our engine on explicit merges against the native library.
  const json = { ...(writeTokenizerJson(ours) as Record<string, unknown>), added_tokens: [] };
  const native = (
    (await import(pathToFileURL(require.resolve('tokenizers')).href)) as { default: Native }
  ).default.Tokenizer.fromString(JSON.stringify(json));
  const written = readTokenizerJson(json);
  const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, '\ufffd');
  await compare(
    `${name} as tokenizer.json = tokenizers`,
    written,
    async (text) => (await native.encode(wellFormed(text))).getIds(),
    Math.ceil(count / 10),
  );
}
