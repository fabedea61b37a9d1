import type { ByteSource } from '../bytes/byte-source.ts';
import { CheckpointError } from '../checkpoint-error.ts';
import { maxAssetBytes } from '../limits.ts';

/** A place that holds the files of one checkpoint: a directory, a list of Files, a base URL, a repository on a hub. */
export interface CheckpointFolder {
  /** For messages. */
  readonly name: string;
  /** The names in it, or right in one of its folders, when they can be listed; none for a folder that is not there. */
  list(under?: string): Promise<readonly string[] | undefined>;
  /** Opens one file, or undefined when it is not there. */
  open(file: string): Promise<ByteSource | undefined>;
}

/** A small file of the folder, whole; undefined when absent. Throws `CheckpointError` above `maxAssetBytes`. */
export async function readAsset(folder: CheckpointFolder, file: string): Promise<Uint8Array | undefined> {
  const source = await folder.open(file);
  if (source === undefined) return undefined;
  try {
    if (source.size > maxAssetBytes)
      throw new CheckpointError(source.name, 'size', `at most ${maxAssetBytes} bytes`, source.size);
    return await source.read(0, source.size);
  } finally {
    await source.close();
  }
}

/** Throws unless the name stays in the folder: relative, no `..`, no backslash, no drive, no control character. */
export function checkFileName(where: string, field: string, file: unknown): string {
  const plain =
    typeof file === 'string' &&
    file.length > 0 &&
    file.length < 512 &&
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    !/[\\:\u0000-\u001f]|^\/|(^|\/)\.\.?(\/|$)/.test(file);
  if (!plain) throw new CheckpointError(where, field, 'a file name inside the folder', file);
  return file;
}
