// A journal and a store of results on disk, so that a run outlives its process: one JSON entry a line, on the disk before the run goes on; a line that
// a dying process left half-written is cut off. One process at a time writes a journal. Node only.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Journal, JournalEntry } from '../../dispatch/journal.ts';
import type { ResultStore } from '../../dispatch/truncate-result.ts';
import { isObject, type Json, parseJson, writeJson } from '../../json.ts';

/** A journal in a file. */
export interface FileJournal extends Journal {
  readonly entries: readonly JournalEntry[];
  /** Closes the file. */
  close(): Promise<void>;
}

const kinds = new Set(['begin', 'input', 'forced', 'turn', 'verdict']);
const mostBytes = 256 * 1024 * 1024;

/**
 * The journal in `path`, made if it is not there; what it holds already is where a run goes on.
 *
 * @throws SyntaxError for a line that is no entry, RangeError for a file beyond 256 MiB.
 *
 * @example
 * ```ts
 * import { mkdtemp } from 'node:fs/promises';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { fileJournal } from '@ashlar/tools/files';
 * import { runTools, scriptedEngine } from '@ashlar/tools';
 * const path = join(await mkdtemp(join(tmpdir(), 'run-')), 'journal.jsonl');
 * const journal = await fileJournal(path);
 * await runTools({ engine: scriptedEngine(['Hello.']), messages: [{ role: 'user', content: 'Hi' }], journal }).result;
 * await journal.close();
 * const again = await fileJournal(path);
 * again.entries[0]?.entry // => 'begin'
 * await again.close();
 * ```
 */
export async function fileJournal(path: string): Promise<FileJournal> {
  const file = await open(path, 'a+', 0o600);
  try {
    const { size } = await file.stat();
    if (size > mostBytes) throw new RangeError(`${path}: expected at most ${mostBytes} bytes, got ${size}`);
    const text = await file.readFile('utf8');
    const end = text.lastIndexOf('\n') + 1;
    // What stands behind the last line break was never whole.
    if (end < text.length) await file.truncate(Buffer.byteLength(text.slice(0, end)));
    const entries: JournalEntry[] = [];
    for (const [i, line] of text.slice(0, end).split('\n').entries()) {
      if (line === '') continue;
      const entry = parseJson(line);
      if (!isObject(entry) || !kinds.has(String(entry['entry'])))
        throw new SyntaxError(`${path}: line ${i + 1} is no journal entry`);
      entries.push(entry as unknown as JournalEntry);
    }
    return {
      entries,
      async append(entry) {
        await file.appendFile(`${writeJson(entry as unknown as Json)}\n`);
        await file.datasync();
        entries.push(entry);
      },
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * Full results of one run in a directory of its own. Handles come from a model: a file is named by the hash of its handle, so no handle leads elsewhere.
 */
export function fileStore(directory: string): ResultStore {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const pathOf = (handle: string): string =>
    join(directory, `${createHash('sha256').update(handle).digest('hex')}.txt`);
  return {
    set: (handle, text) => writeFileSync(pathOf(handle), text, { mode: 0o600 }),
    get(handle) {
      try {
        return readFileSync(pathOf(handle), 'utf8');
      } catch (error) {
        if ((error as { code?: unknown }).code === 'ENOENT') return undefined;
        throw error;
      }
    },
  };
}
