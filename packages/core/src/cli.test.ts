import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tinyCheckpoint } from './weights/tiny-checkpoint.ts';

const cli = fileURLToPath(new URL('./cli.ts', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'ashlar-cli-'));
beforeAll(async () => {
  for (const [name, bytes] of await tinyCheckpoint()) writeFileSync(join(directory, name), bytes);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const run = (...words: string[]) =>
  promisify(execFile)(process.execPath, [
    '--conditions=@ashlar/source',
    '--import',
    'tsx',
    cli,
    ...words,
  ]).catch((error: { code: number; stdout: string; stderr: string }) => error);

describe('ashlar inspect', () => {
  it('prints what a checkpoint is', async () => {
    const { stdout, stderr } = await run('inspect', directory, '--context', '32', '--tensors');
    expect(stderr).toBe('');
    expect(stdout).toContain('architecture  llama');
    expect(stdout).toContain('lm_head.weight');
    expect(stdout).toContain('cache of 32 tokens');
  });

  it('says what is wrong in one line, with exit code 1; 2 for a wrong call', async () => {
    expect(await run('inspect', join(directory, 'nothing'))).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^ashlar: .*expected a file or a directory, got no such file\n$/),
    });
    expect(await run('inspect')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('usage: ashlar inspect PLACE'),
    });
    expect(await run('inspect', directory, '--context', 'many')).toMatchObject({ code: 1 });
  });
});
