// Which cut of a product was fastest, kept by adapter: in memory for this process, and in a storage of text by key: a folder in Node, whatever the caller gives in a page. What is read
// is believed only where it names a cut that would have been tried.
import { nodeBuiltin } from '../../weights/bytes/node-builtins.ts';
import type { GemvTuning } from './kernels/linear.ts';

/** Text by key; `localStorage` is one. */
export interface TuningStorage {
  /** The text under a key; nothing when there is none. */
  getItem(key: string): string | null | undefined | Promise<string | null | undefined>;
  /** Puts a text under a key. What it answers is awaited, a failure ignored. */
  setItem(key: string, value: string): unknown;
}

/** Cuts of one adapter, by the class of a product. */
export interface TuningCache {
  /** One of `candidates` that was found for the class before. */
  get(product: string, candidates: readonly GemvTuning[]): GemvTuning | undefined;
  set(product: string, cut: GemvTuning): void;
  /** Writes what is new; a storage that cannot be written is one that forgets. */
  save(): Promise<void>;
}

const inMemory = new Map<string, Map<string, unknown>>();

/** The cuts known for `key`: adapter and version of the kernels. */
export async function openTuningCache(key: string, storage?: TuningStorage): Promise<TuningCache> {
  const known = inMemory.get(key) ?? new Map<string, unknown>();
  inMemory.set(key, known);
  for (const [product, cut] of await stored(key, storage)) if (!known.has(product)) known.set(product, cut);
  let changed = false;
  return {
    get: (product, candidates) => {
      const text = JSON.stringify(known.get(product));
      return candidates.find((cut) => JSON.stringify(cut) === text);
    },
    set(product, cut) {
      known.set(product, cut);
      changed = true;
    },
    async save() {
      if (!changed || storage === undefined) return;
      changed = false;
      try {
        await storage.setItem(key, JSON.stringify(Object.fromEntries(known)));
      } catch {
        // A full or read-only disk costs a measurement next time.
      }
    },
  };
}

/** Forgets what this process has measured. */
export const forgetTuning = (): void => inMemory.clear();

const longest = 1 << 20;

async function stored(key: string, storage: TuningStorage | undefined): Promise<[string, unknown][]> {
  try {
    const text = await storage?.getItem(key);
    if (typeof text !== 'string' || text.length > longest) return [];
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
  } catch {
    return [];
  }
}

/** A folder in the user's cache directory; undefined outside of Node. */
export function nodeTuningStorage(folder?: string): TuningStorage | undefined {
  const host = (
    globalThis as { process?: { versions?: { node?: string }; env: Record<string, string | undefined> } }
  ).process;
  if (host?.versions?.node === undefined) return undefined;
  const { join } = nodeBuiltin('node:path');
  const { homedir } = nodeBuiltin('node:os');
  const { mkdir, readFile, writeFile } = nodeBuiltin('node:fs/promises');
  const directory =
    folder ?? join(host.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'ashlar', 'webgpu');
  const file = (key: string) => join(directory, `${key.replace(/[^\w.-]+/g, '-').slice(0, 120)}.json`);
  return {
    getItem: (key) => readFile(file(key), 'utf8').catch(() => undefined),
    async setItem(key, value) {
      await mkdir(directory, { recursive: true });
      await writeFile(file(key), value);
    },
  };
}
