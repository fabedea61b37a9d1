// The log of a run as JSON lines: one entry a step, appended as it happens, so that a killed run leaves all but perhaps its last line.
import { nodeBuiltin } from '../weights/bytes/node-builtins.ts';
import type { LogEntry } from './train.ts';

/** A log that is being written. */
export interface TrainingLog {
  /** Appends an entry; hand it to `train` as `onStep`. */
  write(entry: LogEntry): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the log at `path` for a run that stands at step `step` (default 0): entries of later steps, which a killed run wrote after it last saved, are dropped, earlier ones stay.
 *
 * Numbers that are not finite stand as null, as JSON has it.
 */
export async function openTrainingLog(path: string, step = 0): Promise<TrainingLog> {
  const { open, writeFile, rename } = nodeBuiltin('node:fs/promises');
  const kept = (await readTrainingLog(path)).filter((entry) => entry.step <= step);
  await writeFile(`${path}.new`, kept.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
  await rename(`${path}.new`, path);
  const handle = await open(path, 'a');
  return {
    async write(entry) {
      await handle.appendFile(`${JSON.stringify(entry)}\n`);
    },
    close: () => handle.close(),
  };
}

/** The entries of a log, for `trainingReport`; none when there is no file. A last line that was cut short is left out, any other that is no entry is an error with its number. */
export async function readTrainingLog(path: string): Promise<LogEntry[]> {
  let text: string;
  try {
    text = await nodeBuiltin('node:fs/promises').readFile(path, 'utf8');
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return [];
    throw error;
  }
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line, i) => {
      try {
        const entry = JSON.parse(line) as LogEntry;
        if (typeof entry.step === 'number') return entry;
      } catch {
        // said below
      }
      throw new RangeError(`${path}, line ${i + 1}: expected a log entry, got ${line.slice(0, 60)}`);
    });
}
