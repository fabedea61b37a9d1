// tfjs-core alone knows no gradient: the table is a side effect of the umbrella package `@tensorflow/tfjs`. Ours is a call, covers the kernels that models and losses
// here use, and differs where tfjs's is slow or wrong for us: gather on the CPU and on wasm, matMul on wasm, and `where`, which masks instead of multiplying.
import * as tf from '@tensorflow/tfjs-core';
import { elementwiseGradients } from './elementwise.ts';
import type { Gradient } from './gradient.ts';
import { reducingGradients } from './reducing.ts';
import { shapingGradients } from './shaping.ts';

/**
 * Registers the gradients of the tfjs kernels, once; kernels that already have one (from `@tensorflow/tfjs`) keep it.
 *
 * The trainers call it; call it yourself before tf.grad on a loss of this library.
 */
export function registerGradients(): void {
  const tables = { ...elementwiseGradients, ...shapingGradients, ...reducingGradients };
  for (const [kernelName, gradient] of Object.entries(tables)) {
    if (tf.getGradient(kernelName) == null) tf.registerGradient(configOf(kernelName, gradient));
  }
}

function configOf(kernelName: string, gradient: Gradient): tf.GradConfig {
  return {
    kernelName,
    ...(gradient.inputs === undefined ? {} : { inputsToSave: [...gradient.inputs] }),
    ...(gradient.output === true ? { outputsToSave: [true] } : {}),
    ...(gradient.allInputs === true ? { saveAllInputs: true } : {}),
    gradFunc: (dy, saved, attrs) =>
      gradient.backward(dy as tf.Tensor, saved, attrs as unknown as Record<string, unknown>),
  };
}
