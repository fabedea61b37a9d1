import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
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

  it('every relative link of every page leads somewhere, to a heading too', () => {
    for (const page of pages()) {
      const links = [...read(page).matchAll(/\]\((?!\w+:)([^)\s]*)\)/g)].map((m) => m[1] as string);
      for (const link of links) {
        const [path = '', heading] = link.split('#');
        const target = path === '' ? page : join(dirname(page), path);
        expect(existsSync(join(root, target)), `${page}: ${link}`).toBe(true);
        if (heading !== undefined) expect(headings(read(target)), `${page}: ${link}`).toContain(heading);
      }
    }
  });
});

/** The pages below a folder, installed and generated ones left out. */
function pages(folder = ''): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return /^(node_modules|dist|api|temp|\..*)$/.test(entry.name) ? [] : pages(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

/** The anchors of a page's headings, as GitHub makes them. */
function headings(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map((m) =>
    (m[1] as string)
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/ /g, '-'),
  );
}
