import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One golden directory: `<kind>/<name>/`, or for `quantization` one file `<kind>/<name>.safetensors`. */
export interface CaseGroup {
  readonly kind: string;
  readonly name: string;
  /** The directory (or the file, for a kind whose cases are files). */
  readonly path: string;
}

/** What the runner hands to every kind. */
export interface RunOptions {
  /** The tfjs backend to run on, already checked to be one that the kind understands; kinds without tensors ignore it. */
  readonly backend: string;
}

/** What a kind answers for one group. Every case is counted in exactly one of passed, failed or refused. */
export interface GroupResult {
  readonly passed: number;
  /** One line a failing case: what was expected, what came. */
  readonly failures: readonly string[];
  /** Cases that the library refuses by name (constraints only): neither passed nor failed, listed. */
  readonly refused?: readonly string[];
  /** A figure for the group's line, such as `max |dlogit| 2.1e-5`. */
  readonly note?: string;
}

/** A kind's adapter: runs one group through the packages' public entries. */
export interface Kind {
  /** True when the kind computes with tensors, so that `--backend all` means something to it. */
  readonly usesBackend?: boolean;
  run(group: CaseGroup, options: RunOptions): Promise<GroupResult>;
}

/** Reads `cases.jsonl`: one JSON value a line. */
export async function readCases<T>(group: CaseGroup): Promise<T[]> {
  return readJsonLines<T>(join(group.path, 'cases.jsonl'));
}

/** Reads a file of JSON values, one a line. */
export async function readJsonLines<T>(path: string): Promise<T[]> {
  const text = await readFile(path, 'utf8');
  return text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [JSON.parse(line) as T]));
}

/** Reads a JSON file of the group, or undefined when the file is absent. */
export async function readJson<T>(group: CaseGroup, file: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(join(group.path, file), 'utf8')) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Reads a file of the group as bytes. */
export async function readBytes(group: CaseGroup, file: string): Promise<Uint8Array> {
  return new Uint8Array(await readFile(join(group.path, file)));
}
