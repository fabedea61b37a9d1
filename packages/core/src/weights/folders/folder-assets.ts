import type { ModelAssets } from '../weight-file.ts';
import { type CheckpointFolder, checkFileName, readAsset } from './checkpoint-folder.ts';

/** The small files of a folder as what a tokenizer needs. */
export function folderAssets<Format extends ModelAssets['format']>(
  folder: CheckpointFolder,
  format: Format,
): ModelAssets & { readonly format: Format } {
  return {
    format,
    file: (name) => readAsset(folder, name),
    list: async (under) => folder.list(checkFileName(folder.name, 'folder', under)),
  };
}
