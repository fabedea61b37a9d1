// model.safetensors.index.json: {"metadata": {...}, "weight_map": {tensor: file}}. All headers are read at once, data on demand.
import { CheckpointError } from '../../checkpoint-error.ts';
import { type CheckpointFolder, checkFileName, readAsset } from '../../folders/checkpoint-folder.ts';
import { maxShards, maxTensors } from '../../limits.ts';
import type { TensorEntry, WeightFile } from '../../weight-file.ts';
import { isObject, readJsonObject } from '../read-json.ts';
import { readSafetensors } from './read-safetensors.ts';

/** Opens the shards that an index file names. Throws `CheckpointError` when a shard or a tensor of the map is missing. */
export async function readShardedSafetensors(
  folder: CheckpointFolder,
  indexFile: string,
): Promise<WeightFile> {
  const where = `${folder.name}/${indexFile}`;
  const bytes = await readAsset(folder, indexFile);
  if (bytes === undefined) throw new CheckpointError(where, 'file', 'to exist', 'no such file');
  const { weight_map: map } = readJsonObject(bytes, where, 'index');
  if (!isObject(map)) throw new CheckpointError(where, 'weight_map', 'an object', map);
  const names = Object.keys(map);
  if (names.length > maxTensors)
    throw new CheckpointError(where, 'weight_map', `at most ${maxTensors} tensors`, names.length);
  const fileOf = new Map(names.map((name) => [name, checkFileName(where, `weight_map.${name}`, map[name])]));
  const files = new Set(fileOf.values());
  if (files.size > maxShards)
    throw new CheckpointError(where, 'weight_map', `at most ${maxShards} files`, files.size);

  const shards = new Map<string, WeightFile>();
  const close = async () => {
    for (const shard of shards.values()) await shard.close();
  };
  try {
    for (const file of files) {
      const source = await folder.open(file);
      if (source === undefined)
        throw new CheckpointError(where, 'weight_map', `${file} to exist`, 'no such file');
      shards.set(file, await readSafetensors(source));
    }
    const tensors = new Map<string, TensorEntry>();
    for (const [name, file] of fileOf) {
      const entry = shards.get(file)?.tensors.get(name);
      if (entry === undefined)
        throw new CheckpointError(file, name, 'a tensor of this shard', 'no such tensor');
      tensors.set(name, entry);
    }
    return {
      tensors,
      async read(name) {
        const shard = shards.get(fileOf.get(name) ?? '');
        if (shard === undefined)
          throw new CheckpointError(where, name, 'a tensor of the index', 'no such tensor');
        return shard.read(name);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
