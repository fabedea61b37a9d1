// The config.json that a GGUF file stands for: common sizes from the metadata, the rest from the architecture's table. Sizes are held against the
// tensors, so that a config never promises what the file has not.
import { CheckpointError } from '../../checkpoint-error.ts';
import { maxLayers } from '../../limits.ts';
import type { TensorEntry } from '../../weight-file.ts';
import { configTables } from './config-tables.ts';
import { type MetadataReader, metadataReader } from './metadata-reader.ts';
import type { HeadSizes } from './restore.ts';

/** A file's architecture, its `config.json` and the head sizes that row orders depend on. */
export interface GgufConfig {
  /** The key of the tables: `general.architecture`, but mixtral for a llama with experts. */
  readonly table: string;
  readonly config: Record<string, unknown>;
  readonly sizes: HeadSizes;
}

/** Frequency factors that the file keeps as tensors: rope_freqs.weight, rope_factors_long.weight, rope_factors_short.weight. */
export type RopeFactors = ReadonlyMap<string, readonly number[]>;

/** Makes the config; undefined for an architecture without a table (its tensors keep ggml's names then). */
export function ggufConfig(
  file: string,
  metadata: ReadonlyMap<string, unknown>,
  tensors: ReadonlyMap<string, TensorEntry>,
  factors: RopeFactors,
): GgufConfig | undefined {
  const architecture = metadata.get('general.architecture');
  if (typeof architecture !== 'string' || architecture === '')
    throw new CheckpointError(file, 'general.architecture', 'a name', architecture);
  const read = metadataReader(file, metadata, architecture);
  const tableName = tableFor(architecture, read);
  if (!Object.hasOwn(configTables, tableName)) return undefined;
  const table = configTables[tableName]!;

  const layers = read.size('block_count');
  const hidden = read.size('embedding_length');
  const heads = read.size('attention.head_count');
  const keyValueHeads = read.integer('attention.head_count_kv') || heads;
  const headSize = read.integer('attention.key_length') || hidden / heads;
  if (layers > maxLayers)
    throw new CheckpointError(file, `${architecture}.block_count`, `at most ${maxLayers}`, layers);
  if (!Number.isInteger(headSize))
    throw new CheckpointError(file, `${architecture}.attention.head_count`, `a divisor of ${hidden}`, heads);
  if (heads % keyValueHeads !== 0)
    throw new CheckpointError(
      file,
      `${architecture}.attention.head_count_kv`,
      `a divisor of ${heads}`,
      keyValueHeads,
    );
  const has = (tensor: string) => tensors.has(tensor);
  const rope = { theta: read.number('rope.freq_base') ?? 10000, scaling: ropeScaling(read, factors) };
  const common: Record<string, unknown> = {
    hidden_size: hidden,
    intermediate_size: read.integer('feed_forward_length'),
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: keyValueHeads,
    head_dim: headSize,
    vocab_size: tensors.get('token_embd.weight')?.shape[0] ?? read.integer('vocab_size'),
    max_position_embeddings: read.integer('context_length'),
    rope_theta: rope.theta,
    rope_scaling: rope.scaling,
    tie_word_embeddings: !has('output.weight'),
    bos_token_id: read.tokenId('bos_token_id'),
    eos_token_id: endIds(read),
    pad_token_id: read.tokenId('padding_token_id'),
  };
  const config: Record<string, unknown> = { model_type: table.modelType, architectures: [table.className] };
  for (const [key, value] of Object.entries(common)) {
    const name = table.rename && key in table.rename ? table.rename[key] : key;
    if (name !== undefined && value !== undefined) config[name] = value;
  }
  const own = table.more?.({ read, layers, hidden, heads, headSize, rope, has }) ?? {};
  for (const [key, value] of Object.entries(own)) if (value !== undefined) config[key] = value;
  return { table: tableName, config, sizes: { heads, keyValueHeads, headSize } };
}

/** The end of a text, and where it is another token the end of a turn. */
function endIds(read: MetadataReader): number | number[] | undefined {
  const [end, turn] = [read.tokenId('eos_token_id'), read.tokenId('eot_token_id')];
  return end === undefined || turn === undefined || turn === end ? (end ?? turn) : [end, turn];
}

/** One architecture of ggml's can be several families: experts and windows tell. */
function tableFor(architecture: string, read: MetadataReader): string {
  const windowed = () => (read.integer('attention.sliding_window') ?? 0) > 0;
  if (architecture === 'olmo2') return windowed() ? 'olmo3' : 'olmo2';
  if (architecture !== 'llama') return architecture;
  if ((read.integer('expert_count') ?? 0) > 0) return 'mixtral';
  return windowed() ? 'mistral' : 'llama';
}

function ropeScaling(read: MetadataReader, factors: RopeFactors): Record<string, unknown> | null {
  const long = factors.get('rope_factors_long.weight');
  const short = factors.get('rope_factors_short.weight');
  const original = read.integer('rope.scaling.original_context_length');
  if (long !== undefined && short !== undefined)
    return {
      rope_type: 'longrope',
      long_factor: long,
      short_factor: short,
      original_max_position_embeddings: original,
      attention_factor: read.number('rope.scaling.attn_factor'),
    };
  // Llama 3: the converter keeps what the scaling makes of each frequency, not its parameters; a longrope of one list says the same
  const divisors = factors.get('rope_freqs.weight');
  if (divisors !== undefined)
    return { rope_type: 'longrope', long_factor: divisors, short_factor: divisors, attention_factor: 1 };
  const factor = read.number('rope.scaling.factor') ?? oldLinearFactor(read);
  switch (read.string('rope.scaling.type') ?? (factor === undefined ? 'none' : 'linear')) {
    case 'none':
      return null;
    case 'linear':
      return factor === undefined || factor === 1 ? null : { rope_type: 'linear', factor };
    case 'yarn':
      return defined({
        rope_type: 'yarn',
        factor: factor ?? 1,
        original_max_position_embeddings: original,
        attention_factor:
          read.number('rope.scaling.yarn_attn_factor') ?? read.number('rope.scaling.attn_factor'),
        beta_fast: read.number('rope.scaling.yarn_beta_fast'),
        beta_slow: read.number('rope.scaling.yarn_beta_slow'),
      });
    case 'longrope':
      throw new CheckpointError(
        read.file,
        'rope_factors_long.weight',
        'a tensor of this file',
        'no such tensor',
      );
    default:
      throw new CheckpointError(
        read.file,
        `${read.architecture}.rope.scaling.type`,
        'none, linear, yarn or longrope',
        read.string('rope.scaling.type'),
      );
  }
}

/** Version 1 and 2 files: rope.scale_linear. */
function oldLinearFactor(read: MetadataReader): number | undefined {
  return read.number('rope.scale_linear');
}

function defined(entries: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined));
}
