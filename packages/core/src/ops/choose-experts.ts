// Routing of a mixture of experts of stock tfjs ops: top-k by repeated arg max (tf.topk is unusable on webgpu), so the weights of
// experts that are not chosen are exactly 0 and the gradient reaches the router through the chosen ones.
import { add, argMax, cast, div, mul, oneHot, softmax, sub, sum, type Tensor2D } from '@tensorflow/tfjs-core';

/** softmax(logits [N, E]) with all but the `perToken` largest set to 0; `normalize` scales what is left to sum to 1. */
export function chooseExperts(logits: Tensor2D, perToken: number, normalize: boolean): Tensor2D {
  const weights = softmax(logits, -1) as Tensor2D;
  const count = logits.shape[1];
  if (perToken >= count) return weights;
  let rest = weights;
  let chosen: Tensor2D | undefined;
  for (let k = 0; k < perToken; k++) {
    // int32 first: tfjs's wasm kernel fills a float32 one-hot with the bits of integers.
    const best = cast(oneHot(argMax(rest, -1), count), 'float32') as Tensor2D;
    chosen = chosen === undefined ? best : add(chosen, best);
    // Below every probability, so that it is not chosen twice.
    rest = sub(rest, mul(best, 2));
  }
  const kept: Tensor2D = mul(weights, chosen as Tensor2D);
  if (!normalize) return kept;
  return div(kept, sum(kept, -1, true)) as Tensor2D;
}
