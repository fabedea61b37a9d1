import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

describe('README', () => {
  it('shows examples/01-hello.ts as it is, in twelve lines, and what it prints', () => {
    const readme = read('README.md');
    const code = read('examples/01-hello.ts').replace(/\/\/ last line: .*\n$/, '');
    expect(readme).toContain(code);
    expect(code.trimEnd().split('\n').length).toBeLessThanOrEqual(12);
    const args = ['--conditions=@ashlar/source', '--import', 'tsx', 'examples/01-hello.ts'];
    const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(readme).toContain(`\`\`\`\n${stdout.trimEnd()}\n\`\`\``);
  });

  it.each(['AGENTS.md'])('%s stays within 80 lines', (name) => {
    expect(read(name).trimEnd().split('\n').length).toBeLessThanOrEqual(80);
  });

  it('every relative link of the pages leads somewhere', () => {
    for (const page of ['README.md', 'CONTRIBUTING.md', 'ARCHITECTURE.md']) {
      const links = [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)\)/g)].map((m) => m[1] as string);
      for (const link of links) expect(existsSync(join(root, link)), `${page}: ${link}`).toBe(true);
    }
  });
});
