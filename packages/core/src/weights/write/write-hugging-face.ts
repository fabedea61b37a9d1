// A Hugging Face directory that transformers, vLLM and our own reader load: config.json, model.safetensors (or shards with an index) and the tokenizer's
// files, copied.
import { checkOptions } from '../../check-options.ts';
import { writeSafetensors } from '../formats/safetensors/write-safetensors.ts';
import type { ModelAssets, StoredDtype, WeightFile } from '../weight-file.ts';
import type { OutputFolder } from './byte-sink.ts';
import { plainDtype, type TensorToWrite, tensorsToWrite } from './tensor-to-write.ts';

/** What is written: an opened checkpoint fits, and so does a trained model's state. */
export interface CheckpointToWrite {
  readonly config: Readonly<Record<string, unknown>>;
  readonly weights: WeightFile;
  readonly assets?: Pick<ModelAssets, 'file' | 'list'>;
}

/** Options of `writeHuggingFace`. */
export interface WriteHuggingFaceOptions {
  /** The type of all floating-point tensors; without it each keeps its own and packed ones become F32. */
  readonly dtype?: 'F32' | 'F16' | 'BF16';
  /** A shard's most bytes, as transformers' default: 5e9. */
  readonly maxShardBytes?: number;
}

/** Files of a tokenizer and of generation defaults that are copied when the checkpoint has them. */
const copied = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.json',
  'merges.txt',
  'tokenizer.model',
  'spiece.model',
  'sentencepiece.bpe.model',
  'tekken.json',
  'vocab.txt',
  'chat_template.jinja',
  'generation_config.json',
];
/** Where transformers keeps a model's further chat templates, one a file. */
const templateFolder = 'additional_chat_templates';
const torchName = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' } as const;

/** Writes a checkpoint as a Hugging Face directory and returns the names of the files. One tensor is in memory at a time. */
export async function writeHuggingFace(
  checkpoint: CheckpointToWrite,
  folder: OutputFolder,
  options: WriteHuggingFaceOptions = {},
): Promise<readonly string[]> {
  checkOptions(options, ['dtype', 'maxShardBytes'], 'writeHuggingFace');
  const { dtype, maxShardBytes = 5e9 } = options;
  if (!(maxShardBytes > 0)) throw new RangeError(`maxShardBytes: expected > 0, got ${maxShardBytes}`);
  const floating = new Set<StoredDtype>(['F64', 'F32', 'F16', 'BF16']);
  const tensors = tensorsToWrite(checkpoint.weights, (_, entry) => {
    const plain = plainDtype(entry.dtype);
    return dtype !== undefined && floating.has(plain) ? dtype : plain;
  });
  const files: string[] = [];
  const save = async (file: string, bytes: Uint8Array) => {
    const sink = await folder.create(file);
    await sink.write(bytes);
    await sink.close();
    files.push(file);
  };
  await save(
    'config.json',
    json({ ...checkpoint.config, ...dtypeKeys(checkpoint.config, dtype ?? commonest(tensors)) }),
  );

  const shards = divide(tensors, maxShardBytes);
  const map: Record<string, string> = {};
  for (const [i, shard] of shards.entries()) {
    const number = (n: number) => String(n).padStart(5, '0');
    const file =
      shards.length === 1
        ? 'model.safetensors'
        : `model-${number(i + 1)}-of-${number(shards.length)}.safetensors`;
    const sink = await folder.create(file);
    await writeSafetensors(sink, shard);
    await sink.close();
    files.push(file);
    for (const { name } of shard) map[name] = file;
  }
  if (shards.length > 1) {
    const total = tensors.reduce((sum, { byteLength }) => sum + byteLength, 0);
    await save('model.safetensors.index.json', json({ metadata: { total_size: total }, weight_map: map }));
  }
  const templates = (await checkpoint.assets?.list?.(templateFolder)) ?? [];
  const named = templates
    .filter((file) => file.endsWith('.jinja'))
    .map((file) => `${templateFolder}/${file}`);
  for (const file of [...copied, ...named]) {
    const bytes = await checkpoint.assets?.file(file);
    if (bytes !== undefined) await save(file, bytes);
  }
  return files;
}

function divide(tensors: readonly TensorToWrite[], most: number): TensorToWrite[][] {
  const shards: TensorToWrite[][] = [[]];
  let size = 0;
  for (const tensor of tensors) {
    if (size > 0 && size + tensor.byteLength > most) {
      shards.push([]);
      size = 0;
    }
    shards.at(-1)!.push(tensor);
    size += tensor.byteLength;
  }
  return shards;
}

/** The newer key `dtype` where the config has it, else the older `torch_dtype`. */
function dtypeKeys(config: Readonly<Record<string, unknown>>, dtype: StoredDtype): Record<string, unknown> {
  const name = torchName[dtype as keyof typeof torchName] ?? 'float32';
  return 'dtype' in config ? { dtype: name } : { torch_dtype: name };
}

function commonest(tensors: readonly TensorToWrite[]): StoredDtype {
  const bytes = new Map<StoredDtype, number>();
  for (const { dtype, byteLength } of tensors) bytes.set(dtype, (bytes.get(dtype) ?? 0) + byteLength);
  return [...bytes].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 'F32';
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
}
