import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

// Every `@example` of a package's sources, and every ```ts block of the guides that is marked `// run`, is executed. A line `expr // => value`
// is an assertion: the value is JSON, or any expression. So an example that has gone stale fails.
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const scratch = join(root, 'test', '.examples');
rmSync(scratch, { recursive: true, force: true });
mkdirSync(scratch, { recursive: true });
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const files = (dir: string, end: string): string[] =>
  readdirSync(dir).flatMap((name) => {
    const path = join(dir, name);
    if (name === 'node_modules' || name === 'dist' || name === 'api') return [];
    return statSync(path).isDirectory()
      ? files(path, end)
      : name.endsWith(end) && !name.endsWith('.test.ts')
        ? [path]
        : [];
  });

const inComments = (text: string): string[] =>
  [...text.matchAll(/\/\*\*[\s\S]*?\*\//g)].flatMap(([comment]) => {
    const plain = comment.replace(/^\s*\*( |$)/gm, '').replace(/^\/\*\*|\*\/$/g, '');
    return [...plain.matchAll(/@example\s*\n?```ts\n([\s\S]*?)```/g)].map((m) => m[1] as string);
  });
const inGuides = (text: string): string[] =>
  [...text.matchAll(/```ts\n(\/\/ run\n[\s\S]*?)```/g)].map((m) => m[1] as string);

const withAssertions = (code: string): string => {
  const lines = code.split('\n').map((line) => {
    const found = /^(\s*)(?!const |let |import |\/\/)(.+?);?\s*\/\/ => (.+)$/.exec(line);
    return found === null ? line : `${found[1]}__expect(${found[2]}).toEqual(${found[3]});`;
  });
  const imports = lines.filter((line) => line.startsWith('import '));
  const body = lines.filter((line) => !line.startsWith('import '));
  return `${imports.join('\n')}\nexport async function run(__expect: (x: unknown) => { toEqual(y: unknown): void }) {\n${body.join('\n')}\n}\n`;
};

const sources = [
  ...files(join(root, 'packages'), '.ts').map((path) => ({
    path,
    blocks: inComments(readFileSync(path, 'utf8')),
  })),
  ...files(join(root, 'docs'), '.md').map((path) => ({ path, blocks: inGuides(readFileSync(path, 'utf8')) })),
  ...['README.md', ...readdirSync(join(root, 'packages')).map((p) => `packages/${p}/README.md`)].flatMap(
    (name) => {
      const path = join(root, name);
      return statSync(path, { throwIfNoEntry: false })
        ? [{ path, blocks: inGuides(readFileSync(path, 'utf8')) }]
        : [];
    },
  ),
];
const examples = sources.flatMap(({ path, blocks }) =>
  blocks.map((code, n) => ({ title: `${relative(root, path)} #${n + 1}`, code })),
);

describe('every documented example does what it says', () => {
  it('there are examples', () => expect(examples.length).toBeGreaterThan(0));
  it.each(examples)('$title', async ({ title, code }) => {
    const file = join(scratch, `${title.replace(/\W+/g, '-')}.ts`);
    writeFileSync(file, withAssertions(code));
    const { run } = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as {
      run(e: typeof expect): Promise<void>;
    };
    await run(expect);
  });
});
