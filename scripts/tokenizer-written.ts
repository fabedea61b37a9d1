// The round trip of every model type: vocabularies are read from whatever file they come in, written as tokenizer.json, and the file is read by native `tokenizers` (a dependency of peers/) and
// by ours. Ids of texts of nasty atoms must be equal, special tokens at the ends and control tokens in the text included. Run:
// `node --conditions=@ashlar/source --import tsx scripts/tokenizer-written.ts FOLDER|FILE... [--texts N]`; folders are checkpoints or hold a .gguf, files are .model, .bin, .gguf.
// A vocabulary that tokenizer.json cannot hold must refuse to be written, by name. A difference is printed; exit status 1. Known ones, of SentencePiece .model files: a byte token spelt out in the text of
// a Unigram model, sums of scores that are equal in single precision only, user-defined pieces that are letters or spaces (the rest of the map works on them as on other text).
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  ggufTokenizer,
  loadTokenizer,
  readGgufMetadata,
  readSentencePiece,
  readTokenizerBin,
  readTokenizerJson,
  type Tokenizer,
  writeTokenizerJson,
} from '@ashlar/tokenizer';

interface Native {
  Tokenizer: {
    fromString(json: string): { encode(text: string): Promise<{ getIds(): number[] }> };
  };
}
const require = createRequire(join(import.meta.dirname, '..', 'peers', 'package.json'));
const native = ((await import(pathToFileURL(require.resolve('tokenizers')).href)) as { default: Native })
  .default;

const at = process.argv.indexOf('--texts');
const count = at < 0 ? 2000 : Number(process.argv[at + 1]);
const places = process.argv.slice(2).filter((_, i) => at < 0 || (i + 2 !== at && i + 2 !== at + 1));

const ATOMS = [
  ...[
    'a',
    'the ',
    ' the',
    'ing',
    'Hello',
    "don't",
    '\n',
    '\r\n',
    '\t',
    ' ',
    '   ',
    '\u00a0',
    '\u3000',
    '.',
    ',',
    '!?',
    '7',
    '2024',
    '\u0663',
    '\u00e9',
    'e\u0301',
    '\u00df',
    '\u0130',
  ],
  ...[
    '\u65e5\u672c\u8a9e',
    '\u4e2d',
    '\uac00',
    '\u3042',
    '\uff21',
    '\ufb01',
    '\ud83d\ude00',
    '\ud83d\udc68\u200d\ud83d\udc69',
    '\ud83c\uddea',
    '\u0915\u094d\u0937',
    '\u0e01\u0e33',
    '\u304b\u3099',
    '\uff76\uff9e',
    '\u1112\u1161\u11ab',
    '\u0418\u0306',
    'E\u0301',
    'Vie\u0323\u0302t',
    '\u0000',
    '\ufeff',
    '\u200b',
  ],
  ...[
    '\u2581',
    '<s>',
    '</s>',
    '[CLS]',
    '<unk>',
    '##ing',
    '<0x41>',
    '\ufffd',
    '\u0085',
    '_',
    '(x)',
    '{"k": 1}',
    'isPrototypeOf',
  ],
];
let state = 1;
const draw = (n: number): number => {
  state = (Math.imul(state, 1664525) + 1013904223) | 0;
  return (state >>> 8) % n;
};
const texts = Array.from({ length: count }, () =>
  Array.from({ length: draw(12) }, () => ATOMS[draw(ATOMS.length)]).join(''),
);

async function read(place: string): Promise<Tokenizer> {
  if (place.endsWith('.model')) return readSentencePiece(readFileSync(place));
  if (place.endsWith('.bin')) return readTokenizerBin(readFileSync(place));
  if (place.endsWith('.gguf')) return ggufTokenizer(readGgufMetadata(readFileSync(place)));
  const gguf = readdirSync(place).find((file) => file.endsWith('.gguf'));
  if (gguf !== undefined) return read(join(place, gguf));
  return loadTokenizer({
    format: existsSync(join(place, 'tokenizer.bin')) ? 'llama2c' : 'huggingface',
    file: async (name) => (existsSync(join(place, name)) ? readFileSync(join(place, name)) : undefined),
  });
}

let failures = 0;
for (const place of places) {
  if (statSync(place).isDirectory() && readdirSync(place).length === 0) continue;
  const name = basename(place);
  const tokenizer = await read(place);
  let json: string;
  try {
    json = JSON.stringify(writeTokenizerJson(tokenizer));
  } catch (error) {
    console.log(`${name}: not written: ${(error as Error).message}`);
    continue;
  }
  const theirs = native.Tokenizer.fromString(json);
  const again = readTokenizerJson(json);
  let differing = 0;
  for (const text of texts) {
    const own = tokenizer.encode(text, { allowedSpecial: 'all', truncation: false, padding: false }).join();
    const ours = again.encode(text, { allowedSpecial: 'all', truncation: false, padding: false }).join();
    const ids = (await theirs.encode(text)).getIds().join();
    if (own === ids && ours === ids) continue;
    if (differing++ < 2)
      console.log(
        `${name}: ${JSON.stringify(text)}\n read      ${own}\n written   ${ours}\n native    ${ids}`,
      );
  }
  failures += differing;
  console.log(`${name}: ${texts.length} texts, ${differing} differences`);
}
process.exitCode = failures > 0 ? 1 : 0;
