import { link, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileTools } from './files.ts';
import { type Jail, openJail, safeParts } from './jail.ts';

let outside: string;
let root: string;
let jail: Jail;
beforeAll(async () => {
  outside = await mkdtemp(join(tmpdir(), 'ashlar-jail-'));
  root = join(outside, 'root');
  await mkdir(join(root, 'sub'), { recursive: true });
  await writeFile(join(outside, 'secret'), 'secret');
  await writeFile(join(root, 'a.txt'), 'hello');
  await symlink(join(outside, 'secret'), join(root, 'link'));
  await symlink(outside, join(root, 'dirlink'));
  await symlink(join(outside, 'new'), join(root, 'dangling'));
  await link(join(outside, 'secret'), join(root, 'hard'));
  jail = await openJail(root);
});
afterAll(() => rm(outside, { recursive: true, force: true }));

describe('the jail', () => {
  it('opens what is inside', async () => {
    expect(new TextDecoder().decode((await jail.read('./a.txt', 100)).bytes)).toBe('hello');
    await jail.write('sub/deep/b.txt', new TextEncoder().encode('x'));
    expect(await readFile(join(root, 'sub/deep/b.txt'), 'utf8')).toBe('x');
    expect((await jail.list('', 100)).map((e) => e.name)).toEqual(['a.txt', 'hard', 'sub']);
  });
  it('opens nothing outside, by any spelling', async () => {
    const ways = [
      '../secret',
      'sub/../../secret',
      '/etc/passwd',
      '~/x',
      '..\\secret',
      'C:\\x',
      'a.txt\0.png',
      'link',
      'dirlink/secret',
      'hard',
      'file:///etc/passwd',
      'sub/../..',
      '....//secret',
      '.. /secret',
      'a.txt/x',
      '',
      '.',
    ];
    for (const path of ways) await expect(jail.read(path, 100), path).rejects.toThrow();
    for (const path of ['../new', 'link', 'dirlink/new', 'dangling', 'hard', '/tmp/new', 'sub', ''])
      await expect(jail.write(path, new Uint8Array(1)), path).rejects.toThrow();
    expect(await readFile(join(outside, 'secret'), 'utf8')).toBe('secret');
    await expect(jail.list('dirlink', 10)).rejects.toThrow();
  });
  it('never resolves outside for any text', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('..', '.', '/', 'a', '\\', '%2e%2e', '~', '\0', ':'), { maxLength: 10 }),
        (parts) => {
          let safe: string[];
          try {
            safe = safeParts(parts.join(''));
          } catch {
            return;
          }
          expect(join('/jail', ...safe).startsWith('/jail')).toBe(true);
          expect(safe).not.toContain('..');
        },
      ),
    );
  });
  it('a directory that turns into a link and back while files are opened leads nowhere else', async () => {
    await mkdir(join(root, 'swap'));
    await writeFile(join(root, 'swap', 'secret'), 'plain');
    await symlink(outside, join(root, 'other'));
    let over = false;
    const swapping = (async () => {
      const moves: readonly (readonly [string, string])[] = [
        ['swap', 'kept'],
        ['other', 'swap'],
        ['swap', 'other'],
        ['kept', 'swap'],
      ];
      const move = (from: string, to: string): Promise<boolean> =>
        rename(join(root, from), join(root, to)).then(
          () => true,
          () => false,
        );
      while (!over)
        // Writing makes the directory anew while it is away: then that one goes.
        for (const [from, to] of moves)
          while (!over && !(await move(from, to)))
            await rm(join(root, to), { recursive: true, force: true }).catch(() => {});
    })();
    const texts = new Set<string>();
    let refused = 0;
    for (let i = 0; i < 300; i++) {
      await jail.read('swap/secret', 100).then(
        ({ bytes }) => texts.add(new TextDecoder().decode(bytes)),
        () => refused++,
      );
      await jail.write(`swap/new-${i}`, new Uint8Array(1)).catch(() => {});
    }
    over = true;
    await swapping;
    // Not even an empty file: what is made is made where the directory is held open.
    if (process.platform === 'linux')
      expect((await readdir(outside)).filter((name) => name.startsWith('new-'))).toEqual([]);
    expect([...texts].filter((text) => text !== 'plain')).toEqual([]);
    expect(refused).toBeGreaterThan(0);
    for (const name of ['other', 'swap', 'kept'])
      await rm(join(root, name), { recursive: true, force: true });
  });
  it('offers no writing unless asked', async () => {
    expect((await fileTools({ root })).map((t) => t.name)).toEqual(['list_files', 'read_file']);
    expect((await fileTools({ root, allowWrites: true })).find((t) => t.name === 'write_file')?.effects).toBe(
      'write',
    );
  });
});
