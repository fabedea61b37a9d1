// Runs that outlive their process: every part is a process of its own, and the first is killed.
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Pending, signDecision } from '../../policy/approval.ts';
import { fileJournal, fileStore } from './file-journal.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ashlar-run-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));
const path = (name: string): string => join(directory, name);
/** Runs one process of the run; what it came to, or the signal that ended it. */
function part(scenario: string): {
  readonly text?: string;
  readonly finish?: string;
  readonly calls?: unknown;
  readonly signal?: string;
} {
  const script = join(import.meta.dirname, 'fixtures', 'run-in-a-process.ts');
  const args = ['--conditions=@ashlar/source', '--import', 'tsx', script, directory, scenario];
  const { signal, stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (signal !== null) return { signal };
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

describe('a run whose process is killed in the middle of a call', { timeout: 60_000 }, () => {
  it('goes on in another: what may have happened is not done again, but said to be unknown', () => {
    expect(part('pay')).toEqual({ signal: 'SIGKILL' });
    const { text, calls } = part('pay');
    expect([text, calls]).toEqual([
      'Done.',
      [['pay', 'unknown', expect.stringMatching(/may have happened/)]],
    ]);
    expect(readFileSync(path('effects.txt'), 'utf8').split('\n')).toHaveLength(2);
  });
  it('does it again where it is idempotent, with the same key and the same digits', () => {
    expect(part('pay-idempotent')).toEqual({ signal: 'SIGKILL' });
    expect(part('pay-idempotent').calls).toEqual([['pay', 'ok', 'paid']]);
    const lines = readFileSync(path('effects.txt'), 'utf8').trim().split('\n');
    expect(lines).toHaveLength(2);
    expect(new Set(lines).size).toBe(1);
    expect(lines[0]).toMatch(/^9007199254740993 [0-9a-f]{64}$/);
  });
  it('goes on in the middle of its sentence', () => {
    expect(part('inline')).toEqual({ signal: 'SIGKILL' });
    expect(part('inline')).toMatchObject({ text: 'It is  in all.', calls: [['sum', 'ok', '7']] });
  });
  it('can read on in a result that was cut there', () => {
    expect(part('read-more')).toEqual({ signal: 'SIGKILL' });
    const { text, calls } = part('read-more');
    const whole = Array.from({ length: 1000 }, (_, i) => `row ${i}`).join('\n');
    expect(text).toBe('Read.');
    expect((calls as string[][])[0]?.[2]).toMatch(/characters left out; read more with handle r0/);
    expect((calls as string[][])[1]).toEqual([
      'read_more',
      'ok',
      `${whole.slice(2000, 2040)}\n[... ${whole.length - 2040} characters follow; from: 2040]`,
    ]);
  });
});

describe('an approval that is given elsewhere', { timeout: 60_000 }, () => {
  const secret = 'a secret that both processes know';
  const pending = (): Pending => JSON.parse(readFileSync(path('pending.json'), 'utf8'))[0];
  const decide = (decision: unknown): void => writeFileSync(path('decision.json'), JSON.stringify(decision));
  it('lets the other process run the call once, and only with a signature that holds', async () => {
    expect(part('approval').finish).toBe('pending');
    expect(existsSync(path('effects.txt'))).toBe(false);
    decide(await signDecision(pending(), true, secret));
    expect(part('approval')).toMatchObject({ text: 'Sent.', calls: [['pay', 'ok', 'paid']] });
    expect(readFileSync(path('effects.txt'), 'utf8')).toBe('paid\n');
  });
  it('forged, unsigned or for other arguments, is a refusal', async () => {
    expect(part('approval').finish).toBe('pending');
    const signed = await signDecision(pending(), true, secret);
    for (const decision of [
      { hash: pending().hash, approved: true },
      { ...signed, signature: `${signed.signature?.slice(0, -1)}x` },
      { ...(await signDecision(pending(), false, secret)), approved: true },
    ]) {
      const before = readFileSync(path('journal.jsonl'));
      decide(decision);
      expect(part('approval').calls).toEqual([['pay', 'denied', expect.any(String)]]);
      writeFileSync(path('journal.jsonl'), before);
    }
    expect(existsSync(path('effects.txt'))).toBe(false);
    await expect(signDecision({ ...pending(), signature: '00' }, true, secret)).rejects.toThrow(
      /does not hold/,
    );
  });
});

describe('the journal in a file', () => {
  it('drops a line that was never whole, and goes on behind the last whole one', async () => {
    const first = await fileJournal(path('j'));
    await first.append({ entry: 'begin', runId: 'r', messages: [{ role: 'user', content: 'é\n\u2028' }] });
    await first.append({ entry: 'forced', text: '🗼' });
    await first.close();
    appendFileSync(path('j'), '{"entry":"input","inp');
    const second = await fileJournal(path('j'));
    expect(second.entries).toEqual(first.entries);
    await second.append({ entry: 'forced', text: 'x' });
    await second.close();
    const third = await fileJournal(path('j'));
    expect(third.entries.map((entry) => entry.entry)).toEqual(['begin', 'forced', 'forced']);
    await third.close();
  });
  it('refuses what is no journal', async () => {
    for (const text of ['hello\n', '{"entry":"other"}\n', '[]\n', '{"entry":"turn","entry":"turn"}\n']) {
      writeFileSync(path('j'), text);
      await expect(fileJournal(path('j')), text).rejects.toThrow(SyntaxError);
    }
  });
});

describe('the store in a directory', () => {
  it('keeps texts by handles, whatever the model makes of a handle', () => {
    const store = fileStore(path('s'));
    store.set('r0', 'a🗼');
    writeFileSync(path('secret'), 'secret');
    expect(fileStore(path('s')).get('r0')).toBe('a🗼');
    for (const handle of ['../secret', '../../etc/passwd', '/etc/passwd', '', '\0', 'r0.txt', '__proto__'])
      expect(store.get(handle), handle).toBeUndefined();
  });
});
