// A directory that cannot be left. Paths are relative, without `..`, NUL, backslashes or drive letters; no component may be a symbolic link; the file
// that was opened is compared with the file that was checked, so a swap in between is seen. A new file is made in a directory that is held open
// (where the system has /proc/self/fd), so that not even an empty one appears outside. Node only.
import {
  constants,
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  realpath,
} from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';

/** A path was refused. */
export class JailError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'JailError';
  }
}

/** The components of a safe relative path. @throws JailError */
export function safeParts(path: string): string[] {
  if (path.length > 1024) throw new JailError('path: too long');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused.
  if (/[\x00-\x1f\\:]/.test(path))
    throw new JailError('path: control characters, backslashes and colons are not allowed');
  if (path.startsWith('/') || path.startsWith('~'))
    throw new JailError('path: expected one relative to the working directory');
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw new JailError('path: .. is not allowed');
  if (parts.some((part) => part.length > 255 || /[. ]$/.test(part)))
    throw new JailError('path: not a plain file name');
  return parts;
}

/** A jail over `root`. */
export interface Jail {
  /** The first `maxBytes` bytes of a file, and its size. */
  read(path: string, maxBytes: number): Promise<{ readonly bytes: Uint8Array; readonly size: number }>;
  /** Writes a file, making directories on the way. */
  write(path: string, bytes: Uint8Array): Promise<void>;
  /** At most `most` entries of a directory, by name. */
  list(
    path: string,
    most: number,
  ): Promise<
    readonly { readonly name: string; readonly kind: 'file' | 'directory'; readonly size: number }[]
  >;
}

/** Opens a jail. The root itself may be reached over links; nothing below it may. */
export async function openJail(root: string): Promise<Jail> {
  const base = await realpath(root);
  const resolve = async (path: string, mayBeAbsent = false): Promise<string> => {
    let at = base;
    const parts = safeParts(path);
    for (const [i, part] of parts.entries()) {
      at = join(at, part);
      let info: Awaited<ReturnType<typeof lstat>>;
      try {
        info = await lstat(at);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT' && mayBeAbsent && i === parts.length - 1)
          return at;
        throw new JailError(`${path}: there is no such file`);
      }
      if (info.isSymbolicLink()) throw new JailError(`${path}: links are not followed`);
      if (i < parts.length - 1 && !info.isDirectory()) throw new JailError(`${path}: not a directory`);
    }
    return at;
  };
  /** The place of a file by way of its directory, held open and known to be inside. */
  const through = async (
    path: string,
    at: string,
    use: (place: string) => Promise<FileHandle>,
  ): Promise<FileHandle> => {
    const directory = await open(
      dirname(at),
      constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW,
    );
    try {
      const held = `/proc/self/fd/${directory.fd}`;
      const real = await readlink(held).catch(() => undefined);
      if (real === undefined) return await use(at);
      if (real !== base && !real.startsWith(base + sep))
        throw new JailError(`${path}: the directory changed while the file was opened`);
      return await use(join(held, basename(at)));
    } finally {
      await directory.close();
    }
  };
  const opened = async (path: string, at: string, flags: number): Promise<FileHandle> => {
    const all = flags | constants.O_NOFOLLOW | (constants.O_NONBLOCK ?? 0);
    const file = await through(path, at, (place) => open(place, all, 0o600));
    try {
      const info = await file.stat();
      if (!info.isFile()) throw new JailError(`${path}: not a plain file`);
      const real = await realpath(at);
      const now = await lstat(real);
      if (!real.startsWith(base + sep) || now.ino !== info.ino || now.dev !== info.dev)
        throw new JailError(`${path}: the file changed while it was opened`);
      if (info.nlink > 1) throw new JailError(`${path}: hard-linked files are not opened`);
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  };
  return {
    async read(path, maxBytes) {
      const file = await opened(path, await resolve(path), constants.O_RDONLY);
      try {
        const { size } = await file.stat();
        const bytes = new Uint8Array(Math.min(size, maxBytes));
        const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
        return { bytes: bytes.subarray(0, bytesRead), size };
      } finally {
        await file.close();
      }
    },
    async write(path, bytes) {
      const parts = safeParts(path);
      if (parts.length === 0) throw new JailError('path: expected a file name');
      for (let i = 1; i < parts.length; i++) {
        const directory = await resolve(parts.slice(0, i).join('/'), true);
        await mkdir(directory, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
          if (error.code !== 'EEXIST') throw error;
        });
        await resolve(parts.slice(0, i).join('/'));
      }
      const file = await opened(path, await resolve(path, true), constants.O_WRONLY | constants.O_CREAT);
      try {
        await file.truncate(0);
        await file.write(bytes, 0, bytes.length, 0);
      } finally {
        await file.close();
      }
    },
    async list(path, most) {
      const at = await resolve(path);
      const entries = await readdir(at, { withFileTypes: true }).catch(() => {
        throw new JailError(`${path}: not a directory`);
      });
      const plain = entries
        .filter((e) => e.isFile() || e.isDirectory())
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      return Promise.all(
        plain.slice(0, most).map(async (e) => ({
          name: e.name,
          kind: e.isFile() ? ('file' as const) : ('directory' as const),
          size: e.isFile() ? (await lstat(join(at, e.name))).size : 0,
        })),
      );
    },
  };
}
