// Routing of a mixture of experts of stock tfjs ops: top-k by repeated arg max (tf.topk is unusable on webgpu), so the weights of
// experts that are not chosen are exactly 0 and the gradient reaches the router through the chosen ones.
import {
  add,
  argMax,
  cast,
  customGrad,
  div,
  mul,
  oneHot,
  softmax,
  sub,
  sum,
  type Tensor,
  type Tensor2D,
  zerosLike,
} from '@tensorflow/tfjs-core';

/** softmax(logits [N, E]) with all but the `perToken` largest set to 0; `normalize` scales what is left to sum to 1. */
export function chooseExperts(logits: Tensor2D, perToken: number, normalize: boolean): Tensor2D {
  const weights = softmax(logits, -1) as Tensor2D;
  if (perToken >= logits.shape[1]) return weights;
  // Which experts are chosen is constant under small changes: no gradient through the choice.
  const choice = customGrad((x) => ({
    value: largest(x as Tensor2D, perToken),
    gradFunc: (dy: Tensor | Tensor[]) => zerosLike(dy as Tensor),
  }));
  const kept = mul(weights, choice(weights)) as Tensor2D;
  if (!normalize) return kept;
  return div(kept, sum(kept, -1, true)) as Tensor2D;
}

/** 1 at the `count` largest of each row of probabilities, else 0; of equal ones the first. */
function largest(weights: Tensor2D, count: number): Tensor2D {
  let rest = weights;
  let chosen: Tensor2D | undefined;
  for (let k = 0; k < count; k++) {
    // tfjs's wasm kernel writes integers into a one-hot of floats, so the cast comes after it.
    const best = cast(oneHot(argMax(rest, -1), weights.shape[1]), 'float32') as Tensor2D;
    chosen = chosen === undefined ? best : add(chosen, best);
    // Below every probability, so that it is not chosen twice.
    rest = sub(rest, mul(best, 2));
  }
  return chosen as Tensor2D;
}
