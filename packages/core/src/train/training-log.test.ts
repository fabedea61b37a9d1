import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LogEntry } from './train.ts';
import { openTrainingLog, readTrainingLog } from './training-log.ts';

let home = '';
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'ashlar-log-'));
});
afterAll(() => rm(home, { recursive: true }));

const entry = (step: number): LogEntry => ({ step, loss: 1 / step, tokens: 8 }) as unknown as LogEntry;

test('what a run wrote is read again; resumed at a step, later entries go and the run goes on', async () => {
  const path = join(home, 'run.jsonl');
  expect(await readTrainingLog(path)).toEqual([]);
  const first = await openTrainingLog(path);
  for (const step of [1, 2, 3, 4]) await first.write(entry(step));
  await first.close();
  await appendFile(path, '{"step":5,"lo'); // killed while it wrote
  expect((await readTrainingLog(path)).map((e) => e.step)).toEqual([1, 2, 3, 4]);
  const second = await openTrainingLog(path, 2);
  for (const step of [3, 4, 5]) await second.write(entry(step));
  await second.close();
  expect(await readTrainingLog(path)).toEqual([1, 2, 3, 4, 5].map(entry));
  expect((await readFile(path, 'utf8')).split('\n').length).toBe(6);
});

test('a line that is no entry has its number', async () => {
  const path = join(home, 'bad.jsonl');
  await appendFile(path, '{"step":1}\nnothing\n');
  await expect(readTrainingLog(path)).rejects.toThrow('bad.jsonl, line 2: expected a log entry, got nothing');
});
