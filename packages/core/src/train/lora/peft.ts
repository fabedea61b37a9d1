// Adapters in PEFT's layout (adapter_config.json, adapter_model.safetensors with base_model.model.MODULE.lora_A.weight [r, in] and lora_B [out, r]), which transformers, vLLM and
// llama.cpp's converter read. Of a fused projection (GPT-2's c_attn) the parts share A; a set of parts with different A has no PEFT form and is refused.
import * as tf from '@tensorflow/tfjs-core';
import type { ModelConfig } from '../../models/model-config.ts';
import type { RowSelection } from '../../models/parameters.ts';
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
}

/** Writes adapter_config.json and adapter_model.safetensors. */
export async function savePeft(
  folder: OutputFolder,
  config: ModelConfig,
  adapters: ReadonlyMap<string, tf.Tensor>,
  lora: LoraConfig,
  baseModel = '',
): Promise<void> {
  const specs = new Map(linearSpecs(config).map((s) => [s.name, s]));
  const tensors = lora.targets.flatMap((name) => {
    const spec = specs.get(name)!;
    if (spec.stored.rows !== undefined)
      throw new RangeError(`${name}: expected a projection of its own, got a part of ${spec.stored.name}`);
    const module = `base_model.model.${spec.stored.name.replace(/\.weight$/, '')}`;
    return [
      turned(`${module}.lora_A.weight`, adapters.get(`${name}.loraA`) as tf.Tensor2D),
      turned(`${module}.lora_B.weight`, adapters.get(`${name}.loraB`) as tf.Tensor2D),
    ];
  });
  const modules = lora.targets.map(
    (name) =>
      specs
        .get(name)!
        .stored.name.replace(/\.weight$/, '')
        .split('.')
        .at(-1)!,
  );
  const json = {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: baseModel,
    r: lora.rank,
    lora_alpha: lora.alpha,
    use_rslora: lora.rankStabilized,
    lora_dropout: 0,
    bias: 'none',
    fan_in_fan_out: [...specs.values()].some((s) => s.stored.layout === 'in-out'),
    target_modules: [...new Set(modules)].sort(),
    inference_mode: true,
  };
  const sink = await folder.create('adapter_config.json');
  await sink.write(new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`));
  await sink.close();
  const weights = await folder.create('adapter_model.safetensors');
  await writeSafetensors(weights, tensors);
  await weights.close();
}

/** Adapters and their sizes from PEFT's two files; throws a CheckpointError for a module that the model does not have. */
export async function loadPeft(
  peft: PeftConfig,
  file: WeightFile,
  config: ModelConfig,
): Promise<{ readonly adapters: Map<string, tf.Tensor>; readonly lora: LoraConfig }> {
  if (peft.peft_type !== 'LORA')
    throw new CheckpointError('adapter_config.json', 'peft_type', 'LORA', peft.peft_type);
  const adapters = new Map<string, tf.Tensor>();
  const used = new Set<string>();
  for (const spec of linearSpecs(config)) {
    const module = `base_model.model.${spec.stored.name.replace(/\.weight$/, '')}`;
    const [nameA, nameB] = [`${module}.lora_A.weight`, `${module}.lora_B.weight`];
    if (!file.tensors.has(nameA) || !file.tensors.has(nameB)) continue;
    used.add(nameA).add(nameB);
    const [a, b] = [await file.read(nameA), await file.read(nameB)];
    const [inputs, outputs] = spec.shape;
    const stored = spec.stored.shape[spec.stored.layout === 'in-out' ? 1 : 0];
    if (a.shape[0] !== peft.r || a.shape[1] !== inputs || b.shape[0] !== stored || b.shape[1] !== peft.r)
      throw new CheckpointError(
        'adapter_model.safetensors',
        module,
        `rank ${peft.r}, ${inputs} in, ${stored} out`,
        [a.shape, b.shape],
      );
    const columns = pickRows(
      dequantize(b),
      peft.r,
      spec.stored.rows ?? { groups: 1, stride: 0, offset: 0, count: outputs },
    );
    adapters.set(`${spec.name}.loraA`, kept(dequantize(a), peft.r, inputs));
    adapters.set(`${spec.name}.loraB`, kept(columns, outputs, peft.r));
  }
  const unknown = [...file.tensors.keys()].filter((name) => !used.has(name));
  if (unknown.length > 0 || adapters.size === 0) {
    tf.dispose([...adapters.values()]);
    throw new CheckpointError(
      'adapter_model.safetensors',
      'tensors',
      'adapters of this model only',
      unknown.slice(0, 3),
    );
  }
  const targets = [...adapters.keys()].flatMap((n) => (n.endsWith('.loraA') ? [n.slice(0, -6)] : []));
  const lora = { rank: peft.r, alpha: peft.lora_alpha, rankStabilized: peft.use_rslora === true, targets };
  return { adapters, lora };
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

/** A tensor to write, transposed. */
function turned(name: string, tensor: tf.Tensor2D) {
  const [rows, columns] = tensor.shape;
  return {
    name,
    dtype: 'F32' as const,
    shape: [columns, rows],
    byteLength: 4 * rows * columns,
    read: async () => {
      const flipped = tf.tidy(() => tf.transpose(tensor));
      const values = Float32Array.from(await flipped.data());
      flipped.dispose();
      return new Uint8Array(values.buffer);
    },
  };
}
