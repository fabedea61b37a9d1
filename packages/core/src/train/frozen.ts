// Training a part of a model: the rest stays as it is and gets no gradient; layers below the lowest trained one are not walked backwards at all.
import * as tf from '@tensorflow/tfjs-core';
import type { ModelConfig } from '../models/model-config.ts';
import type { WeightSource } from '../models/transformer.ts';
import type { ParameterView } from './objective.ts';

/** Which parameters belong to the last `count` layers, the final norm and a head of its own. */
export function lastLayers(config: ModelConfig, count: number): (name: string) => boolean {
  if (!(Number.isInteger(count) && count >= 0 && count <= config.numLayers))
    throw new RangeError(`count: expected 0 to ${config.numLayers}, got ${count}`);
  const first = config.numLayers - count;
  return (name) => {
    const layer = /^layers\.(\d+)\./.exec(name)?.[1];
    return layer === undefined ? /^(finalNorm|head)\b/.test(name) : Number(layer) >= first;
  };
}

/** Copies of the parameters that `trains` accepts, kept: what a trainer starts from and consumes, while the originals stay the frozen base. */
export function trainedPart(
  parameters: ReadonlyMap<string, tf.Tensor>,
  trains: (name: string) => boolean,
): Map<string, tf.Tensor> {
  const part = new Map<string, tf.Tensor>();
  for (const [name, tensor] of parameters) if (trains(name)) part.set(name, tf.keep(tf.clone(tensor)));
  if (part.size === 0) throw new RangeError('trains: expected at least one parameter, got none');
  return part;
}

/** The view of an objective that trains a part: what is trained over what is frozen. */
export function overFrozen(base: WeightSource): ParameterView {
  return (trained) => ({
    has: (name) => trained.has(name) || base.has(name),
    get: (name) => trained.get(name) ?? base.get(name),
  });
}
