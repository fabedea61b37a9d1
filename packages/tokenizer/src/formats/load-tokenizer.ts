// From a checkpoint's files to its tokenizer, whatever the checkpoint's format.
import type { Tokenizer } from '../tokenizer.ts';
import { Tokenizer as TokenizerClass } from '../tokenizer.ts';
import { decodeUtf8 } from '../unicode/utf8.ts';
import { ggufTokenizer } from './gguf.ts';
import { readTokenizerBin } from './tokenizer-bin.ts';
import { extrasFromConfigs } from './tokenizer-config.ts';
import { partsFromJson } from './tokenizer-json.ts';

/** What a checkpoint has beside the weights; `@ashlar/core` hands it out. */
export interface ModelAssets {
  readonly format: 'huggingface' | 'gguf' | 'llama2c';
  /** A file by name, or undefined when absent. */
  file(name: string): Promise<Uint8Array | undefined>;
  /** GGUF key-values. */
  readonly metadata?: ReadonlyMap<string, unknown>;
}

/**
 * The tokenizer of a checkpoint: GGUF key-values, llama2.c's `tokenizer.bin`, or the first of `tokenizer.json`, `tokenizer.model`, `tekken.json`,
 * `vocab.json` + `merges.txt`, `vocab.txt`, `ranks.tiktoken` of a Hugging Face directory, with the ids and templates of its config files.
 * Throws a TypeError that names what was looked for.
 */
export async function loadTokenizer(assets: ModelAssets): Promise<Tokenizer> {
  if (assets.format === 'gguf') {
    if (assets.metadata === undefined)
      throw new TypeError('metadata: expected the key-values of the GGUF file');
    return ggufTokenizer(assets.metadata);
  }
  const text = async (name: string): Promise<string | undefined> => {
    const bytes = await assets.file(name);
    return bytes === undefined ? undefined : decodeUtf8(bytes);
  };
  if (assets.format === 'llama2c') {
    const bytes = await assets.file('tokenizer.bin');
    if (bytes === undefined) throw new TypeError('tokenizer: expected tokenizer.bin beside the checkpoint');
    return readTokenizerBin(bytes);
  }
  const json = await text('tokenizer.json');
  if (json !== undefined) {
    const parts = partsFromJson(json);
    return new TokenizerClass({ ...parts, ...(await extrasFromConfigs(text, parts)) });
  }
  throw new TypeError('tokenizer: expected tokenizer.json');
}
