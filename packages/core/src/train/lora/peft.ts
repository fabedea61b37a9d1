// Adapters in PEFT's layout (adapter_config.json, adapter_model.safetensors with base_model.model.MODULE.lora_A.weight [r, in] and lora_B [out, r]), which transformers, vLLM and
// llama.cpp's converter read. An adapter of a fused projection (GPT-2's c_attn) is one for each of its parts here: read, they share A; written, the A of parts that differ stand one
// below the other, of a higher rank by `rank_pattern`. Modules of another rank or alpha (`rank_pattern`, `alpha_pattern`) are read into the common one.
import * as tf from '@tensorflow/tfjs-core';
import type { ModelConfig } from '../../models/model-config.ts';
import type { ParameterSpec, RowSelection } from '../../models/parameters.ts';
import { CheckpointError } from '../../weights/checkpoint-error.ts';
import { writeSafetensors } from '../../weights/formats/safetensors/write-safetensors.ts';
import { dequantize } from '../../weights/quantization/dequantize.ts';
import type { WeightFile } from '../../weights/weight-file.ts';
import type { OutputFolder } from '../../weights/write/byte-sink.ts';
import { type LoraConfig, linearSpecs } from './lora.ts';

/** adapter_config.json, as far as it is read and written here. */
export interface PeftConfig {
  readonly peft_type: 'LORA';
  readonly r: number;
  readonly lora_alpha: number;
  readonly use_rslora: boolean;
  readonly target_modules: readonly string[];
  /** Ranks of single modules, by the end of their names. */
  readonly rank_pattern?: Readonly<Record<string, number>> | null;
  /** Alphas of single modules, likewise. */
  readonly alpha_pattern?: Readonly<Record<string, number>> | null;
  /** How A and B began; a way that changed the base's weights is refused. */
  readonly init_lora_weights?: boolean | string | null;
}

/** Writes adapter_config.json and adapter_model.safetensors. */
export async function savePeft(
  folder: OutputFolder,
  config: ModelConfig,
  adapters: ReadonlyMap<string, tf.Tensor>,
  lora: LoraConfig,
  baseModel = '',
): Promise<void> {
  const specs = linearSpecs(config);
  const modules = new Map<string, ParameterSpec[]>();
  for (const spec of specs) {
    if (!lora.targets.includes(spec.name)) continue;
    const module = spec.stored.name.replace(/\.weight$/, '');
    modules.set(module, [...(modules.get(module) ?? []), spec]);
  }
  const fused: [module: string, ratio: number][] = [];
  const tensors: WrittenTensor[] = [];
  for (const [module, parts] of modules) {
    const { a, b, rank } = await pairOf(parts, adapters, lora.rank);
    if (rank !== lora.rank) fused.push([module, rank / lora.rank]);
    const [inputs, outputs] = [parts[0].shape[0], b.length / rank];
    tensors.push(written(`base_model.model.${module}.lora_A.weight`, [rank, inputs], a));
    tensors.push(written(`base_model.model.${module}.lora_B.weight`, [outputs, rank], b));
  }
  const patterns = (of: (ratio: number) => number): Record<string, number> =>
    Object.fromEntries(fused.map(([module, ratio]) => [module, of(ratio)]));
  const json = {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: baseModel,
    r: lora.rank,
    lora_alpha: lora.alpha,
    use_rslora: lora.rankStabilized,
    rank_pattern: patterns((ratio) => ratio * lora.rank),
    alpha_pattern: patterns((ratio) => lora.alpha * (lora.rankStabilized ? Math.sqrt(ratio) : ratio)),
    lora_dropout: 0,
    bias: 'none',
    fan_in_fan_out: specs.some((s) => s.stored.layout === 'in-out'),
    target_modules: [...new Set([...modules.keys()].map((module) => module.split('.').at(-1)!))].sort(),
    inference_mode: true,
  };
  const sink = await folder.create('adapter_config.json');
  await sink.write(new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`));
  await sink.close();
  const weights = await folder.create('adapter_model.safetensors');
  await writeSafetensors(weights, tensors);
  await weights.close();
}

/**
 * Adapters and their sizes from PEFT's two files.
 *
 * Throws a CheckpointError for a module that the model does not have, and for what would be another model if it were
 * passed over: DoRA, biases, whole modules, adapters whose base was changed when they began (PiSSA, OLoRA, CorDA, LoftQ).
 */
export async function loadPeft(
  peft: PeftConfig,
  file: WeightFile,
  config: ModelConfig,
): Promise<{ readonly adapters: Map<string, tf.Tensor>; readonly lora: LoraConfig }> {
  checkConfig(peft);
  const [ranks, alphas] = [patternReader('rank_pattern', peft), patternReader('alpha_pattern', peft)];
  const rank = Math.max(peft.r, ...Object.values(peft.rank_pattern ?? {}));
  const stabilized = peft.use_rslora === true;
  const scaleOf = (alpha: number, r: number): number => alpha / (stabilized ? Math.sqrt(r) : r);
  const adapters = new Map<string, tf.Tensor>();
  const used = new Set<string>();
  const refuse = (what: string, expected: string, got: unknown): never => {
    tf.dispose([...adapters.values()]);
    throw new CheckpointError('adapter_model.safetensors', what, expected, got);
  };
  for (const spec of linearSpecs(config)) {
    const name = spec.stored.name.replace(/\.weight$/, '');
    const module = `base_model.model.${name}`;
    const [nameA, nameB] = [`${module}.lora_A.weight`, `${module}.lora_B.weight`];
    if (!file.tensors.has(nameA) || !file.tensors.has(nameB)) continue;
    used.add(nameA).add(nameB);
    const [a, b] = [await file.read(nameA), await file.read(nameB)];
    const [inputs, outputs] = spec.shape;
    const stored = spec.stored.shape[spec.stored.layout === 'in-out' ? 1 : 0];
    const r = ranks(name) ?? peft.r;
    if (a.shape[0] !== r || a.shape[1] !== inputs || b.shape[0] !== stored || b.shape[1] !== r)
      refuse(module, `rank ${r}, ${inputs} in, ${stored} out`, [a.shape, b.shape]);
    const rows = pickRows(
      dequantize(b),
      r,
      spec.stored.rows ?? { groups: 1, stride: 0, offset: 0, count: outputs },
    );
    // A module of its own rank and alpha becomes one of the common ones: rows of zeros below A, columns beside B, and the rest of the factor in B.
    const factor = scaleOf(alphas(name) ?? peft.lora_alpha, r) / scaleOf(peft.lora_alpha, rank);
    const wide = new Float32Array(outputs * rank);
    for (let row = 0; row < outputs; row++)
      for (let k = 0; k < r; k++) wide[row * rank + k] = rows[row * r + k] * factor;
    const tall = new Float32Array(rank * inputs);
    tall.set(dequantize(a));
    adapters.set(`${spec.name}.loraA`, kept(tall, rank, inputs));
    adapters.set(`${spec.name}.loraB`, kept(wide, outputs, rank));
  }
  const unknown = [...file.tensors.keys()].filter((name) => !used.has(name));
  if (unknown.length > 0 || adapters.size === 0)
    refuse('tensors', 'adapters of this model only', unknown.slice(0, 3));
  const targets = [...adapters.keys()].flatMap((n) => (n.endsWith('.loraA') ? [n.slice(0, -6)] : []));
  return { adapters, lora: { rank, alpha: peft.lora_alpha, rankStabilized: stabilized, targets } };
}

/** The beginnings of A and B that leave the base's weights as they are. */
const harmlessBeginnings = ['gaussian', 'eva', 'orthogonal'];
/** The largest rank that is believed of a file. */
const largestRank = 65_536;

function checkConfig(peft: PeftConfig): void {
  const wrong = (field: string, expected: string, got: unknown): never => {
    throw new CheckpointError('adapter_config.json', field, expected, got);
  };
  if (peft.peft_type !== 'LORA') wrong('peft_type', 'LORA', peft.peft_type);
  const isRank = (r: unknown): boolean =>
    Number.isInteger(r) && (r as number) >= 1 && (r as number) <= largestRank;
  const isAlpha = (alpha: unknown): boolean =>
    typeof alpha === 'number' && alpha > 0 && alpha < Number.POSITIVE_INFINITY;
  if (!isRank(peft.r)) wrong('r', `an integer from 1 to ${largestRank}`, peft.r);
  if (!isAlpha(peft.lora_alpha)) wrong('lora_alpha', 'a positive number', peft.lora_alpha);
  for (const [pattern, r] of Object.entries(peft.rank_pattern ?? {}))
    if (!isRank(r)) wrong(`rank_pattern ${pattern}`, `an integer from 1 to ${largestRank}`, r);
  for (const [pattern, alpha] of Object.entries(peft.alpha_pattern ?? {}))
    if (!isAlpha(alpha)) wrong(`alpha_pattern ${pattern}`, 'a positive number', alpha);
  const begun = peft.init_lora_weights ?? true;
  if (typeof begun === 'string' && !harmlessBeginnings.includes(begun))
    wrong(
      'init_lora_weights',
      `true, false, ${harmlessBeginnings.join(', ')}: others change the base`,
      begun,
    );
}

/** What a pattern says of a module: the first key that is the end of its name, whole parts only, as peft reads it. Only plain names are patterns here. */
function patternReader(
  field: 'rank_pattern' | 'alpha_pattern',
  peft: PeftConfig,
): (module: string) => number | undefined {
  const entries = Object.entries(peft[field] ?? {});
  const odd = entries.find(([key]) => !/^\^?[\w.-]+$/.test(key));
  if (odd !== undefined)
    throw new CheckpointError('adapter_config.json', field, 'names of modules, no expressions', odd[0]);
  return (module) =>
    entries.find(([key]) =>
      key.startsWith('^') ? module === key.slice(1) : module === key || module.endsWith(`.${key}`),
    )?.[1];
}

/** A [rank, in] and B [out, rank] of one stored module out of its parts. */
async function pairOf(
  parts: readonly ParameterSpec[],
  adapters: ReadonlyMap<string, tf.Tensor>,
  r: number,
): Promise<{ readonly a: Float32Array; readonly b: Float32Array; readonly rank: number }> {
  const turned = async (name: string): Promise<Float32Array> => {
    const flipped = tf.tidy(() => tf.transpose(adapters.get(name) as tf.Tensor2D));
    const values = Float32Array.from(await flipped.data());
    flipped.dispose();
    return values;
  };
  const all: { a: Float32Array; b: Float32Array }[] = [];
  for (const { name } of parts)
    all.push({ a: await turned(`${name}.loraA`), b: await turned(`${name}.loraB`) });
  const shared = all.every(({ a }) => a.every((value, i) => value === all[0].a[i]));
  const rank = shared ? r : r * parts.length;
  const a = new Float32Array(rank * parts[0].shape[0]);
  if (shared) a.set(all[0].a);
  else for (const [i, one] of all.entries()) a.set(one.a, i * r * parts[0].shape[0]);
  const { shape, layout, rows } = parts[0].stored;
  const outputs = rows === undefined ? parts[0].shape[1] : shape[layout === 'in-out' ? 1 : 0];
  const b = new Float32Array(outputs * rank);
  for (const [i, part] of parts.entries()) {
    const { groups, stride, offset, count } = part.stored.rows ?? {
      groups: 1,
      stride: 0,
      offset: 0,
      count: outputs,
    };
    for (let g = 0; g < groups; g++)
      for (let row = 0; row < count; row++)
        for (let k = 0; k < r; k++)
          b[(offset + g * stride + row) * rank + (shared ? 0 : i * r) + k] =
            all[i].b[(g * count + row) * r + k];
  }
  return { a, b, rank };
}

/** Values [rows, columns] as a kept tensor [columns, rows]. */
const kept = (values: Float32Array, rows: number, columns: number): tf.Tensor =>
  tf.keep(tf.tidy(() => tf.transpose(tf.tensor2d(values, [rows, columns]))));

function pickRows(
  values: Float32Array,
  width: number,
  { groups, stride, offset, count }: RowSelection,
): Float32Array {
  const picked = new Float32Array(groups * count * width);
  for (let g = 0; g < groups; g++) {
    const start = (offset + g * stride) * width;
    picked.set(values.subarray(start, start + count * width), g * count * width);
  }
  return picked;
}

type WrittenTensor = ReturnType<typeof written>;

/** A tensor to write. */
function written(name: string, shape: readonly number[], values: Float32Array) {
  return {
    name,
    dtype: 'F32' as const,
    shape: [...shape],
    byteLength: values.byteLength,
    read: async () => new Uint8Array(values.buffer),
  };
}
