// A checkpoint as a GGUF file that llama.cpp loads: names, row order and key-values as its converter makes them.
import { checkOptions } from '../../../check-options.ts';
import type { Checkpoint } from '../../checkpoint.ts';
import { dequantize } from '../../quantization/dequantize.ts';
import { quantize, type WrittenDtype } from '../../quantization/quantize.ts';
import type { WeightFile } from '../../weight-file.ts';
import type { ByteSink } from '../../write/byte-sink.ts';
import type { TensorToWrite } from '../../write/tensor-to-write.ts';
import { reorderRows } from '../interleaved-rope.ts';
import { tensorByteLength } from '../tensor-size.ts';
import { transpose } from '../transpose.ts';
import { sourceRow } from './change.ts';
import { ggmlBlockSize } from './ggml-types.ts';
import { ggufConfig } from './gguf-config.ts';
import { ggufMetadata, ggufTableOf, tokenizerMetadata } from './gguf-metadata.ts';
import type { HeadSizes } from './restore.ts';
import { ropeFactorTensors } from './rope-factor-tensors.ts';
import { type Change, changeOf, nameOf, nameTableOf, type Target } from './tensor-names.ts';
import { type GgufValue, writeGguf } from './write-gguf.ts';

/** Options of `writeGgufCheckpoint`. */
export interface WriteGgufOptions {
  /** The type of the matrices; vectors stay F32, and so do matrices whose rows are no multiple of 32 (as F16). Default F16. */
  readonly dtype?: 'F32' | 'F16' | 'Q8_0' | 'Q4_0';
  /**
   * Key-values beside the architecture's, such as `general.name`; they win over those of the checkpoint. With `tokenizer.ggml.model` among them the
   * checkpoint's own tokenizer is not looked at; without, its tokenizer.json is written as llama.cpp's converter does.
   */
  readonly metadata?: ReadonlyMap<string, GgufValue>;
}

/** What is written; an opened checkpoint fits. */
export type GgufCheckpoint = Pick<Checkpoint, 'config' | 'weights'> & {
  readonly assets?: Checkpoint['assets'];
};

const fileType = { F32: 0, F16: 1, Q4_0: 2, Q8_0: 7 } as const;

/**
 * Writes a checkpoint as GGUF. Throws `TypeError` for a family without a llama.cpp architecture and for tensors that the architecture has no
 * place for (named). One tensor is in memory at a time. The sink is not closed.
 */
export async function writeGgufCheckpoint(
  sink: ByteSink,
  checkpoint: GgufCheckpoint,
  options: WriteGgufOptions = {},
): Promise<void> {
  checkOptions(options, ['dtype', 'metadata'], 'writeGgufCheckpoint');
  if (typeof sink?.write !== 'function')
    throw new TypeError(
      `sink: expected one, as await nodeFileSink(path) of @ashlar/core/node, got ${typeof sink}`,
    );
  const { config, weights, assets } = checkpoint;
  const dtype = options.dtype ?? 'F16';
  if (!Object.hasOwn(fileType, dtype))
    throw new TypeError(`dtype: expected F32, F16, Q8_0 or Q4_0, got ${dtype}`);
  const tensors = [...plan(config, weights, dtype), ...ropeFactorTensors(config)];
  const vocabSize = tensors.find(({ name }) => name === 'token_embd.weight')?.shape[0] ?? 0;
  const metadata = new Map<string, GgufValue>([
    ...ggufMetadata(config, vocabSize),
    ['general.file_type', fileType[dtype]],
    ['general.quantization_version', 2],
    ...(options.metadata?.has('tokenizer.ggml.model') ? [] : await tokenizerMetadata(assets, vocabSize)),
    ...(options.metadata ?? []),
  ]);
  checkSaid(config, metadata, new Map(tensors.map((tensor) => [tensor.name, tensor])));
  await writeGguf(sink, metadata, tensors);
}

// GGUF has no key for some settings, llama.cpp fixes them (the scale of gemma's queries, which layers of smollm3 have rope). What the file will be
// read as must be what the config says.
function checkSaid(
  config: GgufCheckpoint['config'],
  metadata: ReadonlyMap<string, unknown>,
  tensors: ReadonlyMap<string, TensorToWrite>,
): void {
  const plain = new Map([...metadata].map(([key, value]) => [key, unwrap(value)]));
  const read = ggufConfig('GGUF', plain, tensors, new Map())?.config ?? {};
  const interval = config.no_rope_layer_interval ?? 4; // smollm3 in the older form
  if (interval !== 4 && config.no_rope_layers === undefined)
    throw new TypeError(`no_rope_layer_interval: expected 4 (GGUF cannot say otherwise), got ${interval}`);
  for (const [key, said] of Object.entries(read)) {
    const meant = config[key];
    if (meant === undefined || meant === null || notCompared.has(key)) continue;
    if (JSON.stringify(meant) !== JSON.stringify(said))
      throw new TypeError(
        `${key}: expected ${JSON.stringify(said)} (GGUF cannot say otherwise), got ${JSON.stringify(meant)}`,
      );
  }
}

const notCompared = new Set([
  'architectures',
  'rope_parameters', // written from the same numbers
  'rope_scaling',
  'rope_theta',
  'vocab_size',
  'tie_word_embeddings',
  'eos_token_id',
  'bos_token_id',
  'pad_token_id',
]);

function unwrap(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('type' in value && 'value' in value)) return value;
  return value.type === 'f32' ? Math.fround(Number(value.value)) : value.value;
}

/** Buffers that old checkpoints carry beside the weights. */
const buffers = /(rotary_emb\.inv_freq|\.(attn|attention)\.(masked_)?bias)$/;

function plan(config: GgufCheckpoint['config'], weights: WeightFile, dtype: WrittenDtype): TensorToWrite[] {
  const { name } = ggufTableOf(config);
  const table = nameTableOf(name)!;
  const left = new Set([...weights.tensors.keys()].filter((tensor) => !buffers.test(tensor)));
  if (config.tie_word_embeddings === true || name === 'gpt2') left.delete('lm_head.weight');
  const build = {
    weights,
    dtype,
    sizes: headSizes(config),
  };
  const planned: TensorToWrite[] = [];
  const take = (ggml: string, target: Target, prefix: string) => {
    for (const suffix of ['weight', 'bias']) {
      const change = changeOf(target, suffix);
      const names = sources(weights, `${prefix}${nameOf(target)}.${suffix}`, change).filter((source) =>
        left.has(source),
      );
      if (names.length === 0) continue;
      planned.push(one(build, `${ggml}.${suffix}`, names, change));
      for (const source of names) left.delete(source);
    }
  };
  const withoutIndex = (targets: Readonly<Record<string, Target>>) =>
    Object.entries(targets).filter(([ggml]) => !ggml.endsWith('.E'));
  for (const [ggml, target] of withoutIndex(table.whole)) take(ggml, target, '');
  const layers = Number(config.num_hidden_layers ?? config.n_layer);
  for (let n = 0; n < layers; n++)
    for (const [ggml, target] of withoutIndex(table.layer))
      take(`blk.${n}.${ggml}`, target, `${table.layers}${n}.`);
  if (left.size > 0)
    throw new TypeError(`tensors: expected those of ${name}, got also ${[...left].slice(0, 4).join(', ')}`);
  return planned;
}

function sources(weights: WeightFile, name: string, change: Change | undefined): string[] {
  if (change !== 'experts' && change !== 'heads') return [name];
  const names: string[] = [];
  for (let e = 0; weights.tensors.has(name.replace('E', String(e))); e++)
    names.push(name.replace('E', String(e)));
  return names;
}

interface Build {
  readonly weights: WeightFile;
  readonly dtype: WrittenDtype;
  readonly sizes: HeadSizes;
}

function one(
  build: Build,
  name: string,
  names: readonly string[],
  change: Change | undefined,
): TensorToWrite {
  const { weights, sizes } = build;
  const first = weights.tensors.get(names[0])!;
  const matrix = first.shape.length === 2;
  const turned = matrix && change === 'turned';
  const part = turned ? [first.shape[1], first.shape[0]] : first.shape;
  const shape = change === 'experts' || change === 'heads' ? [names.length, ...part] : part;
  const dtype = typeFor(build.dtype, name, shape, matrix);
  const asIs = first.dtype === dtype && change !== 'plus-one' && !turned; // packed rows move as they are
  const from = sourceRow(change, part[0], sizes);
  const read = async () => {
    const parts: Uint8Array[] = [];
    for (const source of names) {
      const stored = await weights.read(source);
      let values = asIs ? undefined : dequantize(stored);
      if (values && turned) values = transposed(values, first.shape);
      if (values && change === 'plus-one') values = values.map((x) => x + 1);
      const bytes = values ? quantize(values, dtype) : stored.bytes;
      parts.push(from ? reorderRows(bytes, part[0], from) : bytes);
    }
    return parts.length === 1 ? parts[0] : join(parts);
  };
  return { name, dtype, shape, byteLength: tensorByteLength(name, name, dtype, shape), read };
}

/** llama.cpp keeps vectors (and the routers of experts) in F32 and, in a Q4_0 file, the output layer in a better type. */
function typeFor(dtype: WrittenDtype, name: string, shape: readonly number[], matrix: boolean): WrittenDtype {
  if (!matrix || /_norm\.|position_embd|ffn_gate_inp/.test(name)) return 'F32';
  const better = dtype === 'Q4_0' && /^(output|token_embd)\./.test(name) ? 'Q8_0' : dtype;
  if (better === 'F32' || better === 'F16' || better === 'BF16') return better;
  return shape.at(-1)! % ggmlBlockSize(better) === 0 ? better : 'F16';
}

function headSizes(config: GgufCheckpoint['config']): HeadSizes {
  const heads = Number(config.num_attention_heads ?? config.n_head);
  const hidden = Number(config.hidden_size ?? config.n_embd);
  return {
    heads,
    keyValueHeads: Number(config.num_key_value_heads ?? heads),
    headSize: Number(config.head_dim ?? hidden / heads),
  };
}

function transposed(values: Float32Array, [rows, columns]: readonly number[]): Float32Array {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return new Float32Array(transpose(bytes, rows, columns, 4).buffer);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.byteLength;
  }
  return joined;
}
