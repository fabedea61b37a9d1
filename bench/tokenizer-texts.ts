// What the tokenizer bench reads: half a megabyte at most of English, code, twelve languages and Japanese, from ../shared where it is and from node_modules.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const shared = join(root, '..', 'shared', 'data');
const MOST = 500_000;

/** The texts by name; `directory`: those of its .txt files instead. */
export function benchTexts(directory?: string): Record<string, string> {
  if (directory !== undefined) {
    const files = readdirSync(directory).filter((file) => file.endsWith('.txt'));
    return Object.fromEntries(
      files
        .sort()
        .map((file) => [
          file.replace('.txt', ''),
          readFileSync(join(directory, file), 'utf8').slice(0, MOST * 2),
        ]),
    );
  }
  const english = join(shared, 'corpora', 'tinyshakespeare.txt');
  const mixed = join(shared, 'tokenizers', 'kitoken', 'mixed_input.txt');
  const twelve = ['cs', 'de', 'es', 'fr', 'it', 'ko', 'pl', 'pt-br', 'ru', 'tr', 'zh-cn', 'zh-tw'];
  const all = {
    english: existsSync(english) ? readFileSync(english, 'utf8') : readmes(),
    code: ['core', 'tokenizer', 'sampling', 'tools', 'rlhf']
      .flatMap((name) => filesBelow(join(root, 'packages', name, 'src')))
      .map((path) => readFileSync(path, 'utf8'))
      .join('\n'),
    '12 languages': twelve.map((locale) => messages(locale).slice(0, MOST / 12)).join('\n'),
    japanese: messages('ja'),
    ...(existsSync(mixed) ? { 'mixed scripts': readFileSync(mixed, 'utf8') } : {}),
  };
  return Object.fromEntries(Object.entries(all).map(([name, text]) => [name, text.slice(0, MOST)]));
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true })
    .map(String)
    .filter((file) => file.endsWith('.ts'))
    .sort()
    .map((file) => join(directory, file));
}

/** The messages of the TypeScript compiler in a language. */
function messages(locale: string): string {
  const path = join(root, 'node_modules', 'typescript', 'lib', locale, 'diagnosticMessages.generated.json');
  return Object.values(JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>).join('\n');
}

function readmes(): string {
  const store = join(root, 'node_modules', '.pnpm');
  return readdirSync(store)
    .map((name) => join(store, name, 'node_modules', name.replace(/@[^@]*$/, ''), 'README.md'))
    .filter((path) => existsSync(path))
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n');
}
