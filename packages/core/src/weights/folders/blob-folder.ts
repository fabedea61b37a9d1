import { blobSource } from '../bytes/blob-source.ts';
import type { CheckpointFolder } from './checkpoint-folder.ts';

/** Files that a user picked or dropped as a `CheckpointFolder`; with `webkitRelativePath` the last part of the path counts. */
export function blobFolder(files: readonly File[], name = 'files'): CheckpointFolder {
  const byName = new Map(files.map((file) => [file.name, file]));
  return {
    name,
    list: async () => [...byName.keys()],
    open: async (file) => {
      const blob = byName.get(file);
      return blob && blobSource(blob, file);
    },
  };
}
