// The logit lens (nostalgebraist 2020): what the model would say if it stopped after a layer, read by putting the residual stream through the
// final norm and the head.

import { tensor } from '@tensorflow/tfjs-core';
import { checkOptions } from '../check-options.ts';
import { type TokenLogprob, topLogprobs } from '../generate/logprobs.ts';
import type { Model } from '../models/model.ts';
import { captureActivations } from './capture-activations.ts';

/** What one layer's residual stream says. */
export interface LensRow {
  /** Layer after which the stream is read; -1 is the embeddings. */
  readonly layer: number;
  /** For each token of the text, the most probable next ids. */
  readonly top: readonly (readonly TokenLogprob[])[];
}

/**
 * The `top` most probable next ids at every position, after the embeddings and after each layer. The last row is the model's own answer.
 *
 * @example
 * ```ts
 * import { loadModel, logitLens } from '@ashlar/core';
 * using model = await loadModel('conformance/cases/models/gpt2-scales', { backend: 'cpu' });
 * const rows = await logitLens(model, [3, 1, 4], { top: 2 });
 * rows.map((row) => row.layer) // => [-1, 0, 1]
 * rows[0].top[2].length // => 2
 * ```
 */
export async function logitLens(
  model: Model,
  ids: ArrayLike<number>,
  options: { readonly top?: number } = {},
): Promise<LensRow[]> {
  checkOptions(options, ['top'], 'logitLens');
  const { top = 5 } = options;
  if (!Number.isInteger(top) || top < 1) throw new RangeError(`top: expected an integer >= 1, got ${top}`);
  const captured = await captureActivations(model, ids, ['embedding', 'layers.*.residual.after']);
  const rows: LensRow[] = [];
  for (let layer = -1; layer < model.config.numLayers; layer++) {
    const point = layer < 0 ? 'embedding' : `layers.${layer}.residual.after`;
    const { shape, values } = captured.get(point) as NonNullable<ReturnType<typeof captured.get>>;
    const hidden = tensor(values, [...shape]);
    const logits = model.unembed(hidden, { residual: true });
    const flat = (await logits.data()) as Float32Array;
    hidden.dispose();
    logits.dispose();
    const row = (t: number) => flat.subarray(t * model.vocabSize, (t + 1) * model.vocabSize);
    rows.push({ layer, top: Array.from({ length: ids.length }, (_, t) => topLogprobs(row(t), top)) });
  }
  return rows;
}
