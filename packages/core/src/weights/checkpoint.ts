import type { ModelAssets, WeightFile } from './weight-file.ts';

/** An opened checkpoint: configuration and table of tensors are read, the data is not. */
export interface Checkpoint {
  readonly format: ModelAssets['format'];
  /** The keys of a Hugging Face `config.json`: the file itself, or made from GGUF metadata or a llama2.c header. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Tensors under Hugging Face names, in Hugging Face row order. */
  readonly weights: WeightFile;
  /** What a tokenizer needs. */
  readonly assets: ModelAssets;
  /** Closes the files; tensors that were read stay valid. */
  close(): Promise<void>;
}
