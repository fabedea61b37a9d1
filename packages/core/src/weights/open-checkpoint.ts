// One door for every place and format: where the files are becomes a folder and a file name, the file's first bytes say its format.
import { checkOptions } from '../check-options.ts';
import type { ByteSource } from './bytes/byte-source.ts';
import type { Checkpoint } from './checkpoint.ts';
import { CheckpointError } from './checkpoint-error.ts';
import { blobFolder } from './folders/blob-folder.ts';
import type { CheckpointFolder } from './folders/checkpoint-folder.ts';
import { checkFileName, readAsset } from './folders/checkpoint-folder.ts';
import { chooseFile } from './folders/choose-file.ts';
import { folderAssets } from './folders/folder-assets.ts';
import { locate } from './folders/locate.ts';
import { openGguf } from './formats/gguf/gguf-checkpoint.ts';
import { readHuggingFace } from './formats/hugging-face.ts';
import { isLlama2cMagic } from './formats/llama2c/header.ts';
import { readLlama2c } from './formats/llama2c/read-llama2c.ts';
import type { HubOptions } from './hub/hub-folder.ts';

/** Options of `openCheckpoint`. */
export interface OpenCheckpointOptions {
  /** Which file of the folder, when there are several: 'model.gguf', 'model.safetensors.index.json', ... */
  readonly file?: string;
  /** For `hf:` places: progress, token, cache, retries (see `hubFolder`). */
  readonly hub?: HubOptions;
}

/** Where a checkpoint is: a path (Node), a URL, `hf:owner/name[@rev][/file]`, a File, the Files of a directory, or a folder of your own. */
export type CheckpointPlace = string | URL | File | readonly File[] | CheckpointFolder;

/**
 * Opens a checkpoint in its original format: safetensors with `config.json` (one file or sharded), GGUF (one file or split) or llama2.c `.bin`. Reads headers
 * only. Throws `CheckpointError` for a damaged file, `TypeError` for a place that is none.
 *
 * @example
 * ```ts
 * import { dequantize, memorySink, openCheckpoint, writeSafetensors } from '@ashlar/core';
 *
 * const sink = memorySink();
 * const read = async () => new Uint8Array(Float32Array.of(1, 2).buffer);
 * await writeSafetensors(sink, [{ name: 'model.norm.weight', dtype: 'F32', shape: [2], byteLength: 8, read }]);
 * const files = [new File(['{"model_type":"llama"}'], 'config.json'), new File([sink.bytes()], 'model.safetensors')];
 *
 * const checkpoint = await openCheckpoint(files); // or a path, a URL, 'hf:owner/name', a File
 * checkpoint.config; // => { model_type: 'llama' }
 * Array.from(dequantize(await checkpoint.weights.read('model.norm.weight'))); // => [1, 2]
 * await checkpoint.close();
 * ```
 */
export async function openCheckpoint(
  where: CheckpointPlace,
  options: OpenCheckpointOptions = {},
): Promise<Checkpoint> {
  checkOptions(options, ['file', 'hub'], 'openCheckpoint');
  const place = await find(where, options.hub);
  const file = options.file ?? place.file ?? (await chooseFile(place.folder));
  return open(place.folder, checkFileName(place.folder.name, 'file', file));
}

async function find(
  where: CheckpointPlace,
  hub?: HubOptions,
): Promise<{ folder: CheckpointFolder; file?: string }> {
  if ((typeof where === 'string' && where !== '') || where instanceof URL) return locate(where, hub);
  if (where instanceof Blob) return { folder: blobFolder([where]), file: where.name };
  if (Array.isArray(where)) return { folder: blobFolder(where as readonly File[]) };
  if (typeof where === 'object' && where !== null && 'open' in where) return { folder: where };
  const got = where === '' ? "''" : String(where);
  throw new TypeError(`where: expected a path, URL, hf: id, File, Files or a folder, got ${got}`);
}

async function open(folder: CheckpointFolder, file: string): Promise<Checkpoint> {
  if (file.endsWith('.safetensors') || file.endsWith('.index.json')) {
    const { config, weights } = await readHuggingFace(folder, file);
    const assets = folderAssets(folder, 'huggingface');
    return { format: 'huggingface', config, weights, assets, close: () => weights.close() };
  }
  const source = await folder.open(file);
  if (source === undefined)
    throw new CheckpointError(`${folder.name}/${file}`, 'file', 'to exist', 'no such file');
  const magic = await firstBytes(source);
  if (String.fromCharCode(...magic) === 'GGUF' || file.endsWith('.gguf')) {
    await source.close();
    return openGguf(folder, file);
  }
  if (isPyTorch(magic)) {
    await source.close();
    throw new CheckpointError(
      source.name,
      'format',
      'safetensors, GGUF or llama2.c .bin',
      'a PyTorch pickle',
    );
  }
  if (isLlama2cMagic(magic) || file.endsWith('.bin')) return openLlama2c(folder, source);
  await source.close();
  const what = file.endsWith('.json') ? 'JSON: name the folder that it lies in' : shown(magic);
  throw new CheckpointError(source.name, 'format', 'safetensors, GGUF or llama2.c .bin', what);
}

/** The first bytes: as text if they are, else as numbers. */
function shown(magic: Uint8Array): string {
  const text = String.fromCharCode(...magic);
  return /^[ -~\s]+$/.test(text) ? `a file that begins with ${JSON.stringify(text)}` : magic.join(' ');
}

/** A zip archive or a bare pickle. Neither is read: unpickling runs what the file says. */
function isPyTorch([a, b]: Uint8Array): boolean {
  return (a === 0x50 && b === 0x4b) || (a === 0x80 && b >= 2 && b <= 5);
}

async function firstBytes(source: ByteSource): Promise<Uint8Array> {
  try {
    return await source.read(0, Math.min(4, source.size));
  } catch (error) {
    await source.close();
    throw error;
  }
}

async function openLlama2c(folder: CheckpointFolder, source: ByteSource): Promise<Checkpoint> {
  const weights = await readLlama2c(source);
  const { vocabSize } = weights.header;
  return {
    format: 'llama2c',
    config: weights.config,
    weights,
    assets: {
      ...folderAssets(folder, 'llama2c'),
      // llama2.c keeps tokenizers of its own vocabularies as tok512.bin beside the common tokenizer.bin
      file: async (name) =>
        (name === 'tokenizer.bin' ? await readAsset(folder, `tok${vocabSize}.bin`) : undefined) ??
        (await readAsset(folder, name)),
    },
    close: () => weights.close(),
  };
}
