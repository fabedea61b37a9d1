// Who looks at whom: the attention pattern of every layer and head.
import type { Model } from '../models/model.ts';
import { captureActivations } from './capture-activations.ts';

/** Patterns of one layer. */
export interface AttentionMap {
  readonly layer: number;
  readonly heads: number;
  readonly tokens: number;
  /** Weight of key `to` for query `from` in `head`; a query's weights sum to 1. */
  weight(head: number, from: number, to: number): number;
  /** [heads, tokens, tokens], row-major. */
  readonly values: Float32Array;
}

/**
 * The attention patterns of one text, layer by layer.
 *
 * @example
 * ```ts
 * import { attentionMaps, loadModel } from '@ashlar/core';
 * using model = await loadModel('conformance/cases/models/gpt2-scales', { backend: 'cpu' });
 * const [first] = await attentionMaps(model, [3, 1, 4]);
 * first.weight(0, 0, 0) // => 1
 * first.weight(0, 0, 2) // => 0
 * ```
 */
export async function attentionMaps(model: Model, ids: ArrayLike<number>): Promise<AttentionMap[]> {
  const captured = await captureActivations(model, ids, ['layers.*.attention.pattern']);
  return model.config.layers.map((_, layer) => {
    const { shape, values } = captured.get(`layers.${layer}.attention.pattern`) as NonNullable<
      ReturnType<typeof captured.get>
    >;
    const [, heads, tokens] = shape;
    return {
      layer,
      heads,
      tokens,
      values,
      weight: (head, from, to) => values[(head * tokens + from) * tokens + to],
    };
  });
}
