import { CheckpointError } from '../checkpoint-error.ts';
import type { CheckpointFolder } from './checkpoint-folder.ts';

// In this order; a folder that cannot be listed is asked for each.
const usual = ['model.safetensors.index.json', 'model.safetensors', 'model.gguf', 'model.bin'];

/** The weight file of a folder: one of the usual names, else the only file (or the first part of the only split set) that can be one. */
export async function chooseFile(folder: CheckpointFolder): Promise<string> {
  const listed = await folder.list();
  if (listed === undefined) {
    for (const file of usual) {
      const source = await folder.open(file);
      await source?.close();
      if (source !== undefined) return file;
    }
    throw new CheckpointError(
      folder.name,
      'files',
      `one of ${usual.join(', ')} (or name the file)`,
      'none of them',
    );
  }
  const found = usual.find((file) => listed.includes(file));
  if (found !== undefined) return found;
  const candidates = listed.filter(
    (file) =>
      /\.(gguf|safetensors|bin|safetensors\.index\.json)$/.test(file) &&
      !/^(tok|adapter_|optimizer)/.test(file),
  );
  const indexes = candidates.filter((file) => file.endsWith('.index.json'));
  const heads = candidates.filter(
    (file) => !/-\d{5}-of-\d{5}\.gguf$/.test(file) || /-00001-of-\d{5}\.gguf$/.test(file),
  );
  const choice = indexes.length === 1 ? indexes : heads;
  if (choice.length !== 1)
    throw new CheckpointError(
      folder.name,
      'files',
      'one weight file (.safetensors, .gguf, .bin), or the option file',
      choice.length === 0 ? listed.slice(0, 8).join(', ') || 'an empty folder' : choice.join(', '),
    );
  return choice[0];
}
