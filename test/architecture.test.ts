import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

// Who may import whom. The table is the rule; the test reads every import statement.
const arrows: Readonly<Record<string, readonly string[]>> = {
  tokenizer: [],
  core: [],
  sampling: [],
  rlhf: ['core', 'sampling'],
  tools: ['sampling'],
};
const packages = join(dirname(fileURLToPath(import.meta.url)), '..', 'packages');

const sources = (dir: string): string[] =>
  readdirSync(dir).flatMap((name) => {
    const path = join(dir, name);
    if (name === 'node_modules' || name === 'dist') return [];
    return statSync(path).isDirectory() ? sources(path) : name.endsWith('.ts') ? [path] : [];
  });
const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
const imports = (path: string): string[] =>
  [...withoutComments(readFileSync(path, 'utf8')).matchAll(/(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g)].map(
    (m) => m[1] as string,
  );

describe('arrows', () => {
  for (const [name, allowed] of Object.entries(arrows)) {
    it(`${name} imports only ${allowed.join(', ') || 'nothing'} of the workspace`, () => {
      const wrong = sources(join(packages, name, 'src')).flatMap((file) =>
        imports(file)
          .filter((spec) => spec.startsWith('@ashlar/'))
          .filter((spec) => !allowed.includes(spec.split('/')[1] as string))
          .map((spec) => `${relative(packages, file)} imports ${spec}`),
      );
      expect(wrong).toEqual([]);
    });
    it(`${name} reaches no other package by a relative path`, () => {
      const home = join(packages, name);
      // A test beside its file may ask where the optional peers are (peers/ is no package).
      const allowed = (file: string, target: string) =>
        file.endsWith('.test.ts') && target === join('..', '..', 'peers', 'modules.ts');
      const wrong = sources(join(home, 'src')).flatMap((file) =>
        imports(file)
          .filter((spec) => {
            const target = relative(home, join(dirname(file), spec));
            return spec.startsWith('.') && target.startsWith('..') && !allowed(file, target);
          })
          .map((spec) => `${relative(packages, file)} imports ${spec}`),
      );
      expect(wrong).toEqual([]);
    });
  }
});

it('the script of a worker reaches no file that starts it, which Turbopack waits for without end', () => {
  const home = join(packages, 'core', 'src');
  const reached = new Set([join(home, 'model-worker.ts')]);
  for (const path of reached) {
    const code = withoutComments(readFileSync(path, 'utf8')).replace(/import type [^;]*;/g, '');
    for (const [, spec] of code.matchAll(/(?:from|import)\s*\(?\s*['"](\.[^'"]+\.ts)['"]/g))
      reached.add(join(dirname(path), spec as string));
  }
  expect(reached.size).toBeGreaterThan(50);
  expect([...reached].map((path) => relative(home, path))).not.toContain('start-model-worker.ts');
});
