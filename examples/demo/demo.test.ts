import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const demo = (...flags: string[]) => {
  const args = ['--conditions=@ashlar/source', '--import', 'tsx', 'examples/demo/main.ts', ...flags];
  return spawnSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
};

describe('the demo', () => {
  it.each([
    [['--bogus'], /^error Unknown option '--bogus' \(--help lists the flags\)\n$/],
    [['--max-new-tokens', '-3'], /^error .*--max-new-tokens.*\n$/s],
    [['--temperature', 'x'], /^error --temperature: expected a number, got x\n$/],
    [['--model', 'owner/name'], /^error owner\/name: path: .*'hf:owner\/name'.*\n$/],
    [
      ['--chat', '--prompt', 'hi'],
      /^(loading[^\n]*)?error --chat: the embedded model has no chat template.*\n$/,
    ],
  ])('%j ends with one line that says what is wrong', (flags, line) => {
    const { status, stderr } = demo(...flags);
    expect(stderr).toMatch(line);
    expect(status).toBe(1);
  });
});
