// GGUF parts as a Hugging Face checkpoint: config from the metadata, tensors renamed and restored.

import type { Checkpoint } from '../../checkpoint.ts';
import { CheckpointError } from '../../checkpoint-error.ts';
import type { CheckpointFolder } from '../../folders/checkpoint-folder.ts';
import { folderAssets } from '../../folders/folder-assets.ts';
import { maxRopeFactors, maxTensors } from '../../limits.ts';
import { dequantize } from '../../quantization/dequantize.ts';
import type { TensorEntry, WeightFile } from '../../weight-file.ts';
import { type GgufConfig, ggufConfig } from './gguf-config.ts';
import type { GgufFile } from './read-gguf.ts';
import { type RestoredEntry, restore } from './restore.ts';
import { readGgufParts } from './split-gguf.ts';
import { nameTableOf, targetOf } from './tensor-names.ts';

const factorTensors = ['rope_freqs.weight', 'rope_factors_long.weight', 'rope_factors_short.weight'];

/** Opens a GGUF file (or all parts of a split one) under Hugging Face names. Throws `CheckpointError`. */
export async function openGguf(folder: CheckpointFolder, file: string): Promise<Checkpoint> {
  const parts = await readGgufParts(folder, file);
  const close = async () => {
    for (const part of parts) await part.close();
  };
  try {
    const { metadata, source } = parts[0];
    const all = new Map<string, TensorEntry>(parts.flatMap((part) => [...part.tensors]));
    const made = ggufConfig(source.name, metadata, all, await readFactors(parts));
    const weights = restoredWeights(parts, made, close);
    const config = made?.config ?? { model_type: String(metadata.get('general.architecture')) };
    const assets = { ...folderAssets(folder, 'gguf'), metadata };
    return { format: 'gguf', config, weights, assets, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function readFactors(parts: readonly GgufFile[]): Promise<Map<string, number[]>> {
  const factors = new Map<string, number[]>();
  for (const part of parts)
    for (const name of factorTensors) {
      const entry = part.tensors.get(name);
      if (entry === undefined) continue;
      if (entry.byteLength > maxRopeFactors * 4)
        throw new CheckpointError(part.source.name, name, `at most ${maxRopeFactors} factors`, entry.shape);
      factors.set(name, Array.from(dequantize(await part.read(name))));
    }
  return factors;
}

function restoredWeights(
  parts: readonly GgufFile[],
  made: GgufConfig | undefined,
  close: () => Promise<void>,
): WeightFile {
  const table = made && nameTableOf(made.table);
  const tensors = new Map<string, RestoredEntry>();
  for (const part of parts) {
    const { source } = part;
    for (const [name, entry] of part.tensors) {
      if (made !== undefined && factorTensors.includes(name)) continue; // they are in the config
      const target = (table && targetOf(table, name)) ?? { name };
      const sizes = made?.sizes ?? { heads: 1, keyValueHeads: 1, headSize: 1 };
      for (const [to, restored] of restore(source, name, entry, target, sizes)) {
        if (tensors.has(to)) throw new CheckpointError(source.name, name, `one tensor for ${to}`, 'two');
        if (tensors.size >= maxTensors)
          throw new CheckpointError(source.name, 'tensors', `at most ${maxTensors}`, 'more');
        tensors.set(to, restored);
      }
    }
  }
  return {
    tensors,
    async read(name) {
      const entry = tensors.get(name);
      if (entry === undefined)
        throw new CheckpointError(parts[0].source.name, name, 'a tensor of this file', 'no such tensor');
      return entry.read();
    },
    close,
  };
}
