// From a checkpoint's files to its tokenizer, whatever the checkpoint's format.
import { Tokenizer } from '../tokenizer.ts';
import { decodeUtf8 } from '../unicode/utf8.ts';
import type { TextFiles } from './chat-templates.ts';
import { ggufTokenizer } from './gguf.ts';
import { asObject } from './json-value.ts';
import { readSentencePiece } from './sentence-piece.ts';
import { readTekken } from './tekken.ts';
import { readTiktoken, type TiktokenOptions } from './tiktoken.ts';
import { readTokenizerBin } from './tokenizer-bin.ts';
import { extrasFromConfigs } from './tokenizer-config.ts';
import { partsFromJson } from './tokenizer-json.ts';
import { readVocabAndMerges, readVocabTxt } from './vocab-and-merges.ts';

/** What a checkpoint has beside the weights; `@ashlar/core` hands it out. */
export interface ModelAssets {
  readonly format: 'huggingface' | 'gguf' | 'llama2c';
  /** A file by name, or undefined when absent. */
  file(name: string): Promise<Uint8Array | undefined>;
  /** The names of the files right in a folder of the checkpoint (`additional_chat_templates`); undefined where they cannot be listed. */
  list?(folder: string): Promise<readonly string[] | undefined>;
  /** GGUF key-values. */
  readonly metadata?: ReadonlyMap<string, unknown>;
}

/**
 * The tokenizer of a checkpoint: GGUF key-values, llama2.c's `tokenizer.bin`, or the first of `tokenizer.json`, `tokenizer.model`, `tekken.json`,
 * `vocab.json` + `merges.txt`, `vocab.txt`, `ranks.tiktoken` of a Hugging Face directory, with the ids and templates of its config files.
 * Throws a TypeError that names what was looked for.
 */
export async function loadTokenizer(assets: ModelAssets): Promise<Tokenizer> {
  if (typeof assets?.file !== 'function')
    throw new TypeError(
      "assets: expected a model's assets, as loadTokenizer(model.assets) or (await openCheckpoint(place)).assets",
    );
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
  const files: TextFiles = { text, list: assets.list?.bind(assets) };
  const json = await text('tokenizer.json');
  if (json !== undefined) {
    const parts = partsFromJson(json);
    return new Tokenizer({ ...parts, ...(await extrasFromConfigs(files, parts)) });
  }
  const tokenizer = await readOlder(assets, text);
  const extras = await extrasFromConfigs(files, tokenizer.parts);
  // What the config files do not say stays as the tokenizer's own file has it.
  const eosTokenIds = extras.eosTokenIds?.length ? extras.eosTokenIds : tokenizer.eosTokenIds;
  return new Tokenizer({ ...tokenizer.parts, ...extras, eosTokenIds });
}

type ReadText = (name: string) => Promise<string | undefined>;

async function readOlder(assets: ModelAssets, text: ReadText): Promise<Tokenizer> {
  const configText = await text('tokenizer_config.json');
  const config = configText === undefined ? {} : asObject(JSON.parse(configText), 'tokenizer_config.json');
  const model =
    (await assets.file('tokenizer.model')) ??
    (await assets.file('spiece.model')) ??
    (await assets.file('sentencepiece.bpe.model'));
  if (model !== undefined) {
    const kind = String(config.tokenizer_class ?? '').replace(/Fast$/, '');
    const flag = (key: string, usual: boolean): boolean =>
      typeof config[key] === 'boolean' ? config[key] : usual;
    return readSentencePiece(model, {
      addBos: flag('add_bos_token', /^(Llama|CodeLlama|Gemma)Tokenizer$/.test(kind)),
      addEos: flag('add_eos_token', /^(M?T5|Pegasus|BigBird)Tokenizer$/.test(kind)),
    });
  }
  const tekken = await text('tekken.json');
  if (tekken !== undefined) return readTekken(tekken);
  const vocab = await text('vocab.json');
  const merges = await text('merges.txt');
  if (vocab !== undefined && merges !== undefined) return readVocabAndMerges(vocab, merges, { config });
  const words = await text('vocab.txt');
  if (words !== undefined) return readVocabTxt(words, { config });
  const ranks = await assets.file('ranks.tiktoken');
  const meta = await text('meta.json');
  if (ranks !== undefined && meta !== undefined) {
    const { pattern, specialTokens } = JSON.parse(meta) as TiktokenOptions;
    return readTiktoken(ranks, { pattern, ...(specialTokens && { specialTokens }) });
  }
  throw new TypeError(
    'tokenizer: expected one of tokenizer.json, tokenizer.model, tekken.json, vocab.json with merges.txt, vocab.txt, ranks.tiktoken with meta.json',
  );
}
