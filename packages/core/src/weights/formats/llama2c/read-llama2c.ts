// llama2.c's .bin files, https://github.com/karpathy/llama2.c/blob/master/export.py: version 0 (no magic, 7 int32), 1 (float32, 256-byte header)
// and 2 (int8 groups with float32 scales). There are no names in them: the layout follows from the header. We give the tensors their Hugging Face names
// and put query and key rows into Hugging Face's order, so that the model is a plain Llama.
import type { ByteSource } from '../../bytes/byte-source.ts';
import { CheckpointError } from '../../checkpoint-error.ts';
import type { GroupDtype, StoredTensor, TensorEntry, WeightFile } from '../../weight-file.ts';
import { pairwiseRow, reorderRows } from '../interleaved-rope.ts';
import { type Llama2cHeader, readLlama2cHeader } from './header.ts';
import { llama2cLayout } from './layout.ts';

/** A llama2.c checkpoint: its tensors and a `config.json` made from its header. */
export interface Llama2cFile extends WeightFile {
  readonly config: Readonly<Record<string, unknown>>;
  readonly header: Llama2cHeader;
}

interface Placed extends TensorEntry {
  readonly begin: number;
  readonly permuted: boolean;
}

/** Opens a llama2.c file of version 0, 1 or 2. Throws `CheckpointError`; the source is closed then. */
export async function readLlama2c(source: ByteSource): Promise<Llama2cFile> {
  try {
    const header = await readLlama2cHeader(source);
    return open(source, header);
  } catch (error) {
    await source.close();
    throw error;
  }
}

function open(source: ByteSource, header: Llama2cHeader): Llama2cFile {
  const packed: GroupDtype | undefined =
    header.groupSize === undefined ? undefined : `Q8_G${header.groupSize}`;
  const tensors = new Map<string, Placed>();
  let begin = header.byteLength;
  for (const part of llama2cLayout(header)) {
    const count = part.shape.reduce((product, size) => product * size, 1);
    const grouped = packed !== undefined && part.shape.length === 2;
    if (grouped && part.shape[1] % header.groupSize! !== 0)
      throw new CheckpointError(
        source.name,
        'group_size',
        `a divisor of ${part.shape[1]} (${part.name})`,
        header.groupSize,
      );
    const byteLength = grouped ? count + (count / header.groupSize!) * 4 : count * 4;
    if (part.name !== undefined)
      tensors.set(part.name, {
        dtype: grouped ? packed : 'F32',
        shape: part.shape,
        byteLength,
        begin,
        permuted: part.permuted ?? false,
      });
    begin += byteLength;
    if (begin > source.size)
      throw new CheckpointError(
        source.name,
        'size',
        `at least ${begin} bytes (${part.name ?? 'tables'})`,
        source.size,
      );
  }
  if (begin !== source.size)
    throw new CheckpointError(source.name, 'size', `${begin} bytes (from the header)`, source.size);
  return {
    header,
    config: llama2cConfig(header),
    tensors,
    read: (name) => read(source, tensors, name, header),
    close: () => source.close(),
  };
}

async function read(
  source: ByteSource,
  tensors: ReadonlyMap<string, Placed>,
  name: string,
  header: Llama2cHeader,
): Promise<StoredTensor> {
  const entry = tensors.get(name);
  if (entry === undefined)
    throw new CheckpointError(source.name, name, 'a tensor of this file', 'no such tensor');
  const { dtype, shape, permuted } = entry;
  let bytes = await source.read(entry.begin, entry.byteLength);
  if (dtype !== 'F32') bytes = interleaveScales(bytes, header.groupSize!);
  if (permuted) {
    const headSize = header.dim / header.headCount;
    bytes = reorderRows(bytes, shape[0], (row) => pairwiseRow(row, headSize));
  }
  return { dtype, shape, bytes };
}

/** All int8 then all scales  ->  scale, int8 x group, scale, ... */
function interleaveScales(bytes: Uint8Array, groupSize: number): Uint8Array {
  const groups = bytes.byteLength / (groupSize + 4);
  const result = new Uint8Array(bytes.byteLength);
  const scales = groups * groupSize;
  for (let g = 0, to = 0; g < groups; g++, to += groupSize + 4) {
    result.set(bytes.subarray(scales + g * 4, scales + g * 4 + 4), to);
    result.set(bytes.subarray(g * groupSize, (g + 1) * groupSize), to + 4);
  }
  return result;
}

function llama2cConfig(header: Llama2cHeader): Record<string, unknown> {
  return {
    model_type: 'llama',
    architectures: ['LlamaForCausalLM'],
    hidden_size: header.dim,
    intermediate_size: header.hiddenDim,
    num_hidden_layers: header.layerCount,
    num_attention_heads: header.headCount,
    num_key_value_heads: header.keyValueHeadCount,
    head_dim: header.dim / header.headCount,
    vocab_size: header.vocabSize,
    max_position_embeddings: header.sequenceLength,
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
    rope_scaling: null,
    hidden_act: 'silu',
    attention_bias: false,
    mlp_bias: false,
    tie_word_embeddings: header.sharedClassifier,
    bos_token_id: 1,
    eos_token_id: 2,
    torch_dtype: 'float32',
  };
}
