import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const script = fileURLToPath(new URL('./resume-run.ts', import.meta.url));

/** Runs to `steps`, or kills the process with SIGKILL as soon as it reports step `killAt`. */
function run(
  checkpoint: string,
  steps: number,
  killAt = Number.POSITIVE_INFINITY,
): Promise<{ lines: string[]; signal: string | null }> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      ['--conditions=@ashlar/source', '--import', 'tsx', script, checkpoint, String(steps)],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    let text = '';
    child.stdout.on('data', (bytes: Buffer) => {
      text += bytes.toString();
      const last = Number(text.trim().split('\n').at(-1)?.split(' ')[0]);
      if (last >= killAt) child.kill('SIGKILL');
    });
    child.on('error', reject);
    child.on('close', (_, signal) => resolve({ lines: text.trim().split('\n'), signal }));
  });
}

test('a run killed with SIGKILL and started again ends with the bits of a run that was not', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ashlar-resume-'));
  try {
    const whole = await run(join(folder, 'whole'), 14);
    expect(whole.lines).toHaveLength(14);
    const killed = await run(join(folder, 'killed'), 14, 5);
    expect(killed.signal).toBe('SIGKILL');
    const rest = await run(join(folder, 'killed'), 14);
    expect(rest.lines.length).toBeLessThan(14);
    expect(rest.lines).toEqual(whole.lines.slice(-rest.lines.length));
    const [a, b] = await Promise.all(['whole', 'killed'].map((name) => readFile(join(folder, name))));
    expect(a.equals(b)).toBe(true);
  } finally {
    await rm(folder, { recursive: true });
  }
}, 120_000);
