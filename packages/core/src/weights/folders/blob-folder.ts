import { blobSource } from '../bytes/blob-source.ts';
import type { CheckpointFolder } from './checkpoint-folder.ts';

/**
 * Files that a user picked or dropped as a `CheckpointFolder`; with `webkitRelativePath` the last part of the path counts (of two the one less deep), and a folder
 * in it is asked for by its own last part.
 */
export function blobFolder(files: readonly File[], name = 'files'): CheckpointFolder {
  const byName = new Map<string, File>();
  const partsOf = (file: File) => (file.webkitRelativePath ?? '').split('/'); // Node's File has none
  const depth = (file: File) => partsOf(file).length;
  // The deepest first, so that what stands further up takes the name.
  for (const file of [...files].sort((a, b) => depth(b) - depth(a))) {
    const parts = partsOf(file).slice(1, -1); // the first is the directory that was picked
    if (parts.length > 0) byName.set(`${parts.at(-1)}/${file.name}`, file);
    byName.set(file.name, file);
  }
  return {
    name,
    list: async (under) =>
      [...byName.keys()].flatMap((path) => {
        const cut = path.indexOf('/');
        return path.slice(0, Math.max(cut, 0)) === (under ?? '') ? [path.slice(cut + 1)] : [];
      }),
    open: async (file) => {
      const blob = byName.get(file);
      return blob && blobSource(blob, file);
    },
  };
}
