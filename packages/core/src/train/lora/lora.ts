// Low-rank adapters, Hu et al. 2021 (arXiv 2106.09685): W + (alpha / r) A B with A [in, r] uniform in +-1/sqrt(in) and B [r, out] zero, so training starts at the base model. rsLoRA
// (Kalajdzievski 2023, arXiv 2312.03732) scales by alpha / sqrt(r). In use the product stays beside the weight, (x A) B; merged it is one weight again.
import * as tf from '@tensorflow/tfjs-core';
import { checkOptions } from '../../check-options.ts';
import type { ModelConfig } from '../../models/model-config.ts';
import { listParameters, type ParameterSpec } from '../../models/parameters.ts';
import type { WeightSource } from '../../models/transformer.ts';
import type { UniformSource } from '../uniform-source.ts';

/** Size and place of adapters. */
export interface LoraConfig {
  /** r; default 8. */
  readonly rank: number;
  /** alpha; default the rank. */
  readonly alpha: number;
  /** Scale by alpha / sqrt(r) instead of alpha / r. */
  readonly rankStabilized: boolean;
  /** Parameters that have an adapter, such as `layers.0.attention.q.weight`. */
  readonly targets: readonly string[];
}

/** Options of {@link loraConfig}. */
export interface LoraOptions {
  readonly rank?: number;
  readonly alpha?: number;
  readonly rankStabilized?: boolean;
  /** Which linear weights inside the layers; default all of them. */
  readonly targets?: (name: string) => boolean;
}

/** Checked adapter sizes for a decoder. */
export function loraConfig(config: ModelConfig, options: LoraOptions = {}): LoraConfig {
  checkOptions(options, ['rank', 'alpha', 'rankStabilized', 'targets'], 'loraConfig');
  if (!Array.isArray(config?.layers) || typeof config.embedding !== 'object')
    throw new TypeError('config: expected a model configuration, as model.config');
  const { rank = 8, alpha = rank, rankStabilized = false, targets = () => true } = options;
  if (typeof targets !== 'function')
    throw new TypeError(
      "targets: expected a function of a weight's name, as (name) => name.endsWith('attention.query.weight')",
    );
  if (!(Number.isInteger(rank) && rank >= 1))
    throw new RangeError(`rank: expected a positive integer, got ${rank}`);
  if (!(alpha > 0)) throw new RangeError(`alpha: expected > 0, got ${alpha}`);
  const names = linearSpecs(config)
    .map((s) => s.name)
    .filter(targets);
  if (names.length === 0) throw new RangeError('targets: expected at least one linear weight, got none');
  return { rank, alpha, rankStabilized, targets: names };
}

/** The linear weights inside the layers of a decoder. */
export const linearSpecs = (config: ModelConfig): ParameterSpec[] =>
  listParameters(config).filter((s) => s.role === 'linear' && s.name.startsWith('layers.'));

/** The factor on A B. */
export const loraScale = ({ rank, alpha, rankStabilized }: LoraConfig): number =>
  alpha / (rankStabilized ? Math.sqrt(rank) : rank);

/** Fresh adapters `NAME.loraA` [in, r] and `NAME.loraB` [r, out], kept: what a trainer trains. */
export function initLora(
  config: ModelConfig,
  lora: LoraConfig,
  random: UniformSource,
): Map<string, tf.Tensor> {
  const adapters = new Map<string, tf.Tensor>();
  const shapes = new Map(linearSpecs(config).map((s) => [s.name, s.shape]));
  lora.targets.forEach((name, lane) => {
    const shape = shapes.get(name);
    if (shape === undefined)
      throw new RangeError(`targets: expected linear weights of the model, got ${name}`);
    const [inputs, outputs] = shape;
    const bound = 1 / Math.sqrt(inputs);
    const a = Float32Array.from(
      { length: inputs * lora.rank },
      (_, i) => bound * (2 * random.uniform('lora', 0, lane, i) - 1),
    );
    adapters.set(`${name}.loraA`, tf.keep(tf.tensor2d(a, [inputs, lora.rank])));
    adapters.set(`${name}.loraB`, tf.keep(tf.zeros([lora.rank, outputs])));
  });
  return adapters;
}

/** An adapter: its tensors by name and how large its term is. */
export interface Adapter {
  readonly tensors: ReadonlyMap<string, tf.Tensor>;
  readonly lora: LoraConfig;
}

/** The frozen base with the adapters' terms beside its products; gradients reach the adapters alone. Use it inside a tidy. */
export function withLora(
  base: WeightSource,
  adapters: ReadonlyMap<string, tf.Tensor>,
  lora: LoraConfig,
): WeightSource {
  const scale = loraScale(lora);
  return {
    has: (name) => base.has(name),
    get: (name) => base.get(name),
    beside(name) {
      const a = adapters.get(`${name}.loraA`);
      const b = adapters.get(`${name}.loraB`);
      return a === undefined || b === undefined ? undefined : { a, b, scale };
    },
  };
}

/**
 * The base with an adapter of each batch row's own: row i takes `adapters[rows[i]]`, or none where rows[i] is -1.
 *
 * The adapters of one weight must share their rank, since they lie in one stack; a weight that only some of them adapt counts as unchanged for the others. Use it inside a tidy.
 */
export function withRowAdapters(
  base: WeightSource,
  adapters: readonly Adapter[],
  rows: readonly number[],
): WeightSource {
  for (const row of rows)
    if (!(Number.isInteger(row) && row >= -1 && row < adapters.length))
      throw new RangeError(`rows: expected -1 to ${adapters.length - 1}, got ${row}`);
  return {
    has: (name) => base.has(name),
    get: (name) => base.get(name),
    beside(name) {
      const having = adapters.flatMap(({ tensors, lora }, i) => {
        const a = tensors.get(`${name}.loraA`);
        const b = tensors.get(`${name}.loraB`);
        return a === undefined || b === undefined ? [] : [{ i, a, b, scale: loraScale(lora) }];
      });
      if (having.length === 0 || !rows.some((row) => having.some(({ i }) => i === row))) return undefined;
      const ranks = [...new Set(having.map(({ a }) => a.shape[1]))];
      if (ranks.length > 1)
        throw new RangeError(`adapters: expected one rank for ${name}, got ${ranks.join(' and ')}`);
      return {
        a: tf.stack(having.map(({ a }) => a)),
        b: tf.stack(having.map(({ b }) => b)),
        scale: having.map(({ scale }) => scale),
        rows: rows.map((row) => having.findIndex(({ i }) => i === row)),
      };
    },
  };
}

/** New tensors of the base with the adapters merged in, W + scale A B; parameters without one are shared, not copied. Both inputs stay alive. */
export function mergeLora(
  base: ReadonlyMap<string, tf.Tensor>,
  adapters: ReadonlyMap<string, tf.Tensor>,
  lora: LoraConfig,
): Map<string, tf.Tensor> {
  const scale = loraScale(lora);
  const merged = (name: string, weight: tf.Tensor): tf.Tensor => {
    const a = adapters.get(`${name}.loraA`) as tf.Tensor2D | undefined;
    const b = adapters.get(`${name}.loraB`) as tf.Tensor2D | undefined;
    if (a === undefined || b === undefined)
      throw new RangeError(`adapters: expected ${name}.loraA and .loraB, got none`);
    return tf.keep(tf.tidy(() => tf.add(weight, tf.matMul(a, tf.mul(b, scale)))));
  };
  return new Map(
    [...base].map(([name, tensor]) => [name, lora.targets.includes(name) ? merged(name, tensor) : tensor]),
  );
}
