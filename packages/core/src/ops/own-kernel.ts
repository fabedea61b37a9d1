// Our own fused kernels are tfjs kernels under names of ours, registered by the backends that have them (simd, webgpu); an op asks and else takes its composite of stock ops.
import { engine, getBackend, getKernel, type Tensor } from '@tensorflow/tfjs-core';

/** Names of the fused kernels that a backend may have; inputs and outputs are described where they are called. */
export type OwnKernel =
  | 'Ashlar/Norm'
  | 'Ashlar/NormGrad'
  | 'Ashlar/SiluMul'
  | 'Ashlar/SiluMulGrad'
  | 'Ashlar/SplitHeads'
  | 'Ashlar/JoinHeads'
  | 'Ashlar/Attention'
  | 'Ashlar/AttentionGrad'
  | 'Ashlar/MaskedSoftmax'
  | 'Ashlar/MaskedSoftmaxGrad'
  | 'Ashlar/RowCrossEntropy'
  | 'Ashlar/RowCrossEntropyGrad'
  | 'Ashlar/ScatterRows'
  | 'Ashlar/AdamW'
  | 'Ashlar/SquareSums';

/** Whether the current backend has the kernel. */
export const hasKernel = (name: OwnKernel): boolean => getKernel(name, getBackend()) != null;

/** Runs a kernel of the current backend and answers its outputs as tensors of the present scope. */
export function runOwnKernel(
  name: OwnKernel,
  inputs: Readonly<Record<string, Tensor | undefined>>,
  attrs: Readonly<Record<string, number | boolean>> = {},
): Tensor[] {
  const given = Object.fromEntries(Object.entries(inputs).filter(([, tensor]) => tensor !== undefined));
  const result = engine().runKernel(name, given as Record<string, Tensor>, attrs as Record<string, number>);
  return (Array.isArray(result) ? result : [result]) as Tensor[];
}
