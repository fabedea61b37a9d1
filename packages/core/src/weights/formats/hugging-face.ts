// A Hugging Face directory: config.json, model.safetensors (or its index), and the tokenizer's files.
import { CheckpointError } from '../checkpoint-error.ts';
import { type CheckpointFolder, readAsset } from '../folders/checkpoint-folder.ts';
import type { WeightFile } from '../weight-file.ts';
import { readJsonObject } from './read-json.ts';
import { readSafetensors } from './safetensors/read-safetensors.ts';
import { readShardedSafetensors } from './safetensors/read-sharded-safetensors.ts';

/** Opens the safetensors file or index of a folder, with its `config.json`. */
export async function readHuggingFace(
  folder: CheckpointFolder,
  file: string,
): Promise<{ config: Record<string, unknown>; weights: WeightFile }> {
  const where = `${folder.name}/config.json`;
  const bytes = await readAsset(folder, 'config.json');
  if (bytes === undefined)
    throw new CheckpointError(where, 'file', 'to exist beside the weights', 'no such file');
  const config = readJsonObject(bytes, where, 'config');
  if (file.endsWith('.index.json')) return { config, weights: await readShardedSafetensors(folder, file) };
  const source = await folder.open(file);
  if (source === undefined)
    throw new CheckpointError(`${folder.name}/${file}`, 'file', 'to exist', 'no such file');
  return { config, weights: await readSafetensors(source) };
}
