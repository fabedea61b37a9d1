// The compute-optimal split of a budget under a fitted law (Hoffmann et al. 2022, eq. 4) and the FLOPs that training costs (Kaplan et al. 2020; PaLM appendix B).
import { lawLoss, type ScalingLaw } from './parametric-fit.ts';

/** What to train. */
export interface TrainingPlan {
  readonly parameters: number;
  readonly tokens: number;
  readonly loss: number;
}

/** N = G (C/6)^{beta/(alpha+beta)}, D = (C/6)^{alpha/(alpha+beta)} / G, G = (alpha A / (beta B))^{1/(alpha+beta)}; C in FLOPs. */
export function computeOptimal(law: ScalingLaw, compute: number): TrainingPlan {
  if (!(compute > 0)) throw new RangeError(`compute: expected > 0 FLOPs, got ${compute}`);
  const { A, B, alpha, beta } = law;
  const g = ((alpha * A) / (beta * B)) ** (1 / (alpha + beta));
  const parameters = g * (compute / 6) ** (beta / (alpha + beta));
  const tokens = (compute / 6) ** (alpha / (alpha + beta)) / g;
  return { parameters, tokens, loss: lawLoss(law, parameters, tokens) };
}

/** Sizes of a decoder that its FLOPs depend on. */
export interface FlopShape {
  readonly numLayers: number;
  readonly hiddenSize: number;
  readonly numHeads: number;
  readonly numKeyValueHeads?: number;
  readonly headDim?: number;
  readonly intermediateSize: number;
  readonly vocabSize: number;
  /** Gate, up and down projections (SwiGLU) instead of two; default true. */
  readonly gatedMlp?: boolean;
}

/** Parameters that take part in matrix products: layers and head, not the embedding lookup, norms or biases. */
export function matmulParameters(shape: FlopShape): number {
  const { numLayers, hiddenSize, numHeads, intermediateSize, vocabSize } = shape;
  const headDim = shape.headDim ?? hiddenSize / numHeads;
  const query = numHeads * headDim;
  const keyValue = (shape.numKeyValueHeads ?? numHeads) * headDim;
  const attention = hiddenSize * (query + 2 * keyValue) + query * hiddenSize;
  const mlp = (shape.gatedMlp === false ? 2 : 3) * hiddenSize * intermediateSize;
  return numLayers * (attention + mlp) + hiddenSize * vocabSize;
}

/** FLOPs of one token, forward and backward: 6 N_matmul + 12 layers (heads x headDim) contextLength. */
export function trainingFlopsPerToken(shape: FlopShape, contextLength: number): number {
  const width = shape.numHeads * (shape.headDim ?? shape.hiddenSize / shape.numHeads);
  return 6 * matmulParameters(shape) + 12 * shape.numLayers * width * contextLength;
}
