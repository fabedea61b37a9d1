import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const here = dirname(fileURLToPath(import.meta.url));
const files = readdirSync(here, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !/node_modules|read-flags/.test(file))
  .map((file) => ({ file: relative(here, join(here, file)), text: readFileSync(join(here, file), 'utf8') }));
const withFlags = files.filter(({ text }) => text.includes("read-flags.ts'"));
const run = (file: string, flag: string) =>
  spawnSync(process.execPath, ['--conditions=@ashlar/source', '--import', 'tsx', join(here, file), flag], {
    encoding: 'utf8',
  });

describe('the flags of every example', () => {
  it('are read by readFlags, but for the demo, which has a help of its own', () => {
    expect(files.filter(({ text }) => text.includes('parseArgs(')).map(({ file }) => file)).toEqual([
      join('demo', 'main.ts'),
    ]);
    expect(withFlags.length).toBeGreaterThanOrEqual(5);
  });
  it.each(withFlags)('$file names each of them in its usage', ({ file, text }) => {
    const call = text.slice(text.indexOf('readFlags('));
    const [, usage, options] = /^readFlags\(\s*`([^`]*)`,([\s\S]*?)\n\);/.exec(call) as RegExpExecArray;
    expect(usage).toContain(`examples/${file.replaceAll('\\', '/')}`);
    const flags = [...options.matchAll(/^ +(\w+): \{ type: /gm)].map(([, flag]) => `--${flag}`);
    expect(flags.length).toBeGreaterThan(0);
    expect([...usage.matchAll(/^ +(--\w+)/gm)].map(([, flag]) => flag)).toEqual(flags);
  });
  const corpus = join('story-world', 'write-corpus.ts');
  it('--help prints the usage', () => {
    const { status, stdout } = run(corpus, '--help');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^node .*write-corpus\.ts --out FILE\n {2}--stories N/);
  });
  it('a wrong one is a sentence and the usage', () => {
    const { status, stderr } = run(corpus, '--no-such-flag');
    expect(status).toBe(2);
    expect(stderr).toMatch(/^Unknown option '--no-such-flag'\n\nnode .*write-corpus\.ts --out FILE\n/);
  });
});
