import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const script = fileURLToPath(new URL('./speedrun.ts', import.meta.url));

/** Runs the speedrun in `folder` until fine-tuning has ended, or kills it with SIGKILL when its output matches. */
function speedrun(folder: string, killAt?: RegExp): Promise<{ text: string; signal: string | null }> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [
        ...['--conditions=@ashlar/source', '--import', 'tsx', script, '--setting', 'micro'],
        ...['--until', 'fine-tuning', '--out', folder],
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let text = '';
    const read = (bytes: Buffer): void => {
      text += bytes.toString();
      if (killAt?.test(text)) child.kill('SIGKILL');
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.on('error', reject);
    child.on('close', (_, signal) => resolve({ text, signal }));
  });
}

test('a run killed in the middle of two stages ends with the states, curves and scores of a run that was not', async () => {
  const home = await mkdtemp(join(tmpdir(), 'ashlar-speedrun-'));
  try {
    const whole = await speedrun(join(home, 'whole'));
    expect(whole.text).toContain('stopped after fine-tuning');
    const killed = join(home, 'killed');
    expect((await speedrun(killed, /\] (?:[4-9]|1\d)\/20/)).signal).toBe('SIGKILL');
    expect((await speedrun(killed, /fine-tuning \.\.\.[\s\S]*\] (?:[4-9]|1\d)\/20/)).signal).toBe('SIGKILL');
    const rest = await speedrun(killed);
    expect(rest.text).toMatch(
      /pretraining: done before[\s\S]*going on at step \d+ of 20[\s\S]*stopped after/,
    );
    for (const file of ['pretraining.state', 'fine-tuning.state']) {
      const [a, b] = await Promise.all(['whole', 'killed'].map((name) => readFile(join(home, name, file))));
      expect(a.equals(b), file).toBe(true);
    }
    const parsed = async (name: string, file: string) =>
      JSON.parse(await readFile(join(home, name, file), 'utf8'));
    for (const file of ['pretraining.json', 'fine-tuning.json']) {
      const [a, b] = await Promise.all(['whole', 'killed'].map((name) => parsed(name, file)));
      expect({ ...b, tokensPerSecond: 0 }).toEqual({ ...a, tokensPerSecond: 0 });
    }
    expect(await readdir(killed)).toContain('card.html');
  } finally {
    await rm(home, { recursive: true });
  }
}, 240_000);
