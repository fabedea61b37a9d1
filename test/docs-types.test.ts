// Every ```ts block of the pages that users read is well typed, those that are not run too: names that a block takes from the text around it are declared in `around`.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const scratch = join(root, 'test', '.examples-types');
rmSync(scratch, { recursive: true, force: true });
mkdirSync(scratch, { recursive: true });
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const around = `
import type * as core from '@ashlar/core';
import type { Random } from '@ashlar/sampling';
import type { Tokenizer } from '@ashlar/tokenizer';
declare global {
  const model: core.Model;
  const codec: Tokenizer;
  const ranks: string;
}
`;

const pages = [
  'README.md',
  ...readdirSync(join(root, 'packages')).map((name) => `packages/${name}/README.md`),
  ...readdirSync(join(root, 'docs/guides'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/guides/${name}`),
];

it('every block of TypeScript in README and the guides is well typed', () => {
  writeFileSync(join(scratch, 'around.d.ts'), around);
  const files = pages.flatMap((page) =>
    [...readFileSync(join(root, page), 'utf8').matchAll(/^( *)```ts\n([\s\S]*?)^ *```/gm)].map(
      ([, , code], n) => {
        const path = join(scratch, `${page.replace(/\W+/g, '-')}-${n + 1}.ts`);
        // `expr // => value` is a statement.
        writeFileSync(path, `${code.replace(/;?(\s*\/\/ =>)/g, ';$1')}\nexport {};\n`);
        return path;
      },
    ),
  );
  expect(files.length).toBeGreaterThan(40);
  const program = ts.createProgram([join(scratch, 'around.d.ts'), ...files], {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    customConditions: ['@ashlar/source'],
    lib: [
      'lib.es2024.d.ts',
      'lib.esnext.disposable.d.ts',
      'lib.esnext.iterator.d.ts',
      'lib.dom.d.ts',
      'lib.dom.iterable.d.ts',
      'lib.dom.asynciterable.d.ts',
    ],
    types: ['node'],
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
  });
  const wrong = files.flatMap((path) => {
    const source = program.getSourceFile(path);
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      ({ messageText, start = 0 }) =>
        `${relative(scratch, path)}:${(source?.getLineAndCharacterOfPosition(start).line ?? 0) + 1}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
    );
  });
  expect(wrong).toEqual([]);
});
