// Random parameters of a decoder as GPT-2 starts: normal with deviation 0.02, projections back to the residual stream divided by sqrt(2 layers), norms at 1 (or 0 where the
// norm scales by 1 + weight), biases at 0.
import * as tf from '@tensorflow/tfjs-core';
import { checkOptions } from '../check-options.ts';
import type { ModelConfig } from '../models/model-config.ts';
import { listParameters, type ParameterSpec } from '../models/parameters.ts';
import { normals, type UniformSource } from './uniform-source.ts';

/** Options of {@link initParameters}. */
export interface InitOptions {
  /** Deviation of matrices and embeddings; default 0.02. */
  readonly deviation?: number;
}

/** Every parameter of `config` by name, kept on the current backend: a function of the configuration and the random source alone. */
export function initParameters(
  config: ModelConfig,
  random: UniformSource,
  options: InitOptions = {},
): Map<string, tf.Tensor> {
  checkOptions(options, ['deviation'], 'initParameters');
  const { deviation = 0.02 } = options;
  if (!(deviation > 0)) throw new RangeError(`deviation: expected > 0, got ${deviation}`);
  return new Map(
    listParameters(config).map((spec, lane) => {
      const size = spec.shape.reduce((product, n) => product * n, 1);
      const values = valuesOf(spec, size, lane);
      return [spec.name, tf.keep(tf.tensor(values, [...spec.shape], 'float32'))];
    }),
  );

  function valuesOf(spec: ParameterSpec, size: number, lane: number): Float32Array {
    if (spec.role === 'bias') return new Float32Array(size);
    if (spec.role === 'norm') {
      const start = spec.name.endsWith('.bias') || config.norm.unitOffset ? 0 : 1;
      return new Float32Array(size).fill(start);
    }
    const toResidual = /\.(attention\.output|mlp\.down|experts\.\d+\.down)\.weight$/.test(spec.name);
    const scale = toResidual ? 1 / Math.sqrt(2 * config.numLayers) : 1;
    return normals(random, 'init', lane, size, deviation * scale);
  }
}
