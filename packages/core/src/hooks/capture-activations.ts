// Activations at named points as plain arrays: no tensor to look after.

import { keep, type Tensor } from '@tensorflow/tfjs-core';
import { checkHasActivations } from '../models/has-activations.ts';
import type { IdRows } from '../models/id-rows.ts';
import type { Model } from '../models/model.ts';
import type { Hook, Hooks } from './hooks.ts';

/** One activation, row-major. */
export interface CapturedActivation {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/**
 * Runs `ids` and answers the activations at `points` (names of `hookPoints`, or with `*` for every layer), by name.
 *
 * `hooks` may change activations in the same pass; captured is what the change leaves.
 *
 * @example
 * ```ts
 * import { captureActivations, loadModel } from '@ashlar/core';
 * using model = await loadModel('conformance/cases/models/gpt2-scales', { backend: 'cpu' });
 * const seen = await captureActivations(model, [3, 1, 4], ['layers.*.attention.pattern']);
 * [...seen.keys()] // => ['layers.0.attention.pattern', 'layers.1.attention.pattern']
 * seen.get('layers.0.attention.pattern')?.shape // => [1, 4, 3, 3]
 * ```
 */
export async function captureActivations(
  model: Model,
  ids: IdRows,
  points: readonly string[],
  hooks: Hooks = {},
): Promise<Map<string, CapturedActivation>> {
  checkHasActivations(model, 'captureActivations');
  const held = new Map<string, Tensor>();
  const look: Hook = (activation, point) => {
    held.set(point, keep(activation.clone()));
  };
  const all: Record<string, Hook> = { ...hooks };
  for (const point of points) {
    const change = hooks[point];
    all[point] =
      change === undefined
        ? look
        : (activation, at) => {
            const changed = change(activation, at) ?? activation;
            look(changed, at);
            return changed;
          };
  }
  try {
    // Looking comes after changing also where one of the two names every layer.
    const ordered = Object.fromEntries(
      Object.entries(all).sort(([a], [b]) => Number(points.includes(a)) - Number(points.includes(b))),
    );
    (model.config.head.present
      ? model.forward(ids, { hooks: ordered })
      : model.hidden(ids, { hooks: ordered })
    ).dispose();
    const result = new Map<string, CapturedActivation>();
    for (const [point, tensor] of held) {
      result.set(point, { shape: tensor.shape, values: (await tensor.data()) as Float32Array });
    }
    return result;
  } finally {
    for (const tensor of held.values()) tensor.dispose();
  }
}
