import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { CaseGroup } from './case.ts';
import { kinds } from './kinds.ts';

/**
 * Finds the golden groups at or below `directory`: whatever lies directly in a folder named after a kind. A case directory says its
 * kind by its parent's name, so `goldens/`, `goldens/models` and `goldens/models/llama` may all be given.
 */
export async function findGroups(directory: string): Promise<CaseGroup[]> {
  const path = resolve(directory);
  const parent = basename(resolve(path, '..'));
  if (parent in kinds) return [{ kind: parent, name: groupName(basename(path)), path }];
  const entries = (await readdir(path, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
  const own = basename(path);
  if (own in kinds) {
    return entries
      .filter((e) => isGroup(own, e))
      .map((e) => ({ kind: own, name: groupName(e.name), path: join(path, e.name) }));
  }
  const below = entries.filter((e) => e.isDirectory() && e.name !== 'node_modules');
  return (await Promise.all(below.map((e) => findGroups(join(path, e.name))))).flat();
}

const isGroup = (kind: string, entry: Dirent): boolean =>
  kind === 'quantization' ? entry.name.endsWith('.safetensors') : entry.isDirectory();

const groupName = (file: string): string => file.replace(/\.safetensors$/, '');
