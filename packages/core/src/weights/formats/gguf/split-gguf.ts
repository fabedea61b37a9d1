// `gguf-split` cuts a model into name-00001-of-0000N.gguf; each part is a GGUF file with its own table, the first has the metadata.
import { CheckpointError } from '../../checkpoint-error.ts';
import type { CheckpointFolder } from '../../folders/checkpoint-folder.ts';
import { maxShards, maxTensors } from '../../limits.ts';
import { type GgufFile, readGguf } from './read-gguf.ts';

/** Opens a GGUF file and, when its name is that of one part of a split, all the parts in order. Throws `CheckpointError` for a missing part. */
export async function readGgufParts(folder: CheckpointFolder, file: string): Promise<GgufFile[]> {
  const parts: GgufFile[] = [];
  try {
    for (const name of partNames(folder, file)) {
      const source = await folder.open(name);
      if (source === undefined)
        throw new CheckpointError(`${folder.name}/${name}`, 'file', 'to exist', 'no such file');
      parts.push(await readGguf(source));
    }
    checkSplit(`${folder.name}/${file}`, parts);
    return parts;
  } catch (error) {
    for (const part of parts) await part.close();
    throw error;
  }
}

function partNames(folder: CheckpointFolder, file: string): string[] {
  const match = /^(.*)-\d{5}-of-(\d{5})\.gguf$/.exec(file);
  if (match === null) return [file];
  const [, stem, total] = match;
  const count = Number(total);
  if (count < 1 || count > maxShards)
    throw new CheckpointError(`${folder.name}/${file}`, 'name', `1 to ${maxShards} parts`, count);
  return Array.from(
    { length: count },
    (_, i) => `${stem}-${String(i + 1).padStart(5, '0')}-of-${total}.gguf`,
  );
}

function checkSplit(file: string, parts: readonly GgufFile[]): void {
  const names = new Set<string>();
  for (const [i, part] of parts.entries()) {
    const count = part.metadata.get('split.count') ?? 1;
    if (Number(count) !== parts.length && !(count === 0 && parts.length === 1))
      throw new CheckpointError(part.source.name, 'split.count', `${parts.length}`, count);
    const number = part.metadata.get('split.no') ?? 0;
    if (Number(number) !== i) throw new CheckpointError(part.source.name, 'split.no', `${i}`, number);
    for (const name of part.tensors.keys()) {
      if (names.has(name))
        throw new CheckpointError(part.source.name, name, 'a tensor of one part only', 'a second one');
      names.add(name);
    }
  }
  if (names.size > maxTensors)
    throw new CheckpointError(file, 'tensors', `at most ${maxTensors}`, names.size);
  const total = parts[0].metadata.get('split.tensors.count');
  if (parts.length > 1 && total !== undefined && Number(total) !== names.size)
    throw new CheckpointError(file, 'split.tensors.count', `${names.size} (in the parts)`, total);
}
