// tfjs-core alone knows no gradient: the table is a side effect of the umbrella package `@tensorflow/tfjs`. Ours is a call, covers the kernels that models and losses
// here use, and differs where tfjs's is slow or wrong for us: gather on the CPU and on wasm, matMul on wasm, and `where`, which masks instead of multiplying.
import * as tf from '@tensorflow/tfjs-core';
import { elementwiseGradients } from './elementwise.ts';
import type { Gradient } from './gradient.ts';
import { reducingGradients } from './reducing.ts';
import { shapingGradients } from './shaping.ts';

/** Kernels whose gradient in `@tensorflow/tfjs` fails or is wrong on a backend that we train on: gather and matMul on wasm, `where` beside an infinite branch. */
const replaced: ReadonlySet<string> = new Set(['GatherV2', 'BatchMatMul', 'Select']);
const configs: ReadonlyMap<string, tf.GradConfig> = new Map(
  Object.entries({ ...elementwiseGradients, ...shapingGradients, ...reducingGradients }).map(
    ([kernelName, gradient]) => [kernelName, configOf(kernelName, gradient)],
  ),
);
let othersGather: tf.GradConfig | undefined;

/**
 * Registers the gradients of the tfjs kernels. Kernels that already have one (from `@tensorflow/tfjs`, whichever of the two came first) keep it, except for gather along axis 0, matMul and
 * `where`, which there fail on wasm or let a NaN through.
 *
 * The trainers call it; call it yourself before tf.grad on a loss of this library.
 */
export function registerGradients(): void {
  for (const [kernelName, config] of configs) {
    const present = tf.getGradient(kernelName);
    if (present === config || (present != null && !replaced.has(kernelName))) continue;
    if (kernelName === 'GatherV2' && present != null) othersGather = present;
    tf.registerGradient(config);
  }
}

function configOf(kernelName: string, gradient: Gradient): tf.GradConfig {
  return {
    kernelName,
    ...(gradient.inputs === undefined ? {} : { inputsToSave: [...gradient.inputs] }),
    ...(gradient.output === true ? { outputsToSave: [true] } : {}),
    ...(gradient.allInputs === true ? { saveAllInputs: true } : {}),
    gradFunc: (dy, saved, attrs) => {
      const given = attrs as unknown as Record<string, unknown>;
      // Ours gathers along the first axis only; what another library registered for the rest stays in force.
      if (kernelName === 'GatherV2' && othersGather !== undefined && !alongFirstAxis(given))
        return othersGather.gradFunc(dy, saved, attrs);
      return gradient.backward(dy as tf.Tensor, saved, given);
    },
  };
}

function alongFirstAxis(attrs: Readonly<Record<string, unknown>>): boolean {
  return attrs['axis'] === 0 && !attrs['batchDims'];
}
