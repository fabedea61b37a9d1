// AdamW, Loshchilov and Hutter 2019 (arXiv 1711.05101), in PyTorch's order: decay first, then the Adam step (Kingma and Ba 2015). Bias corrections are
// JavaScript doubles: in float32, 1 - beta2^t is wrong by up to 3e-5. Where the backend has a kernel for it the whole update is one pass, as it is where tensors lie in host memory.
import * as tf from '@tensorflow/tfjs-core';
import { checkOptions, checkRange } from '../../check-options.ts';
import { isHostBackend } from '../../ops/host-backend.ts';
import { hasKernel, runOwnKernel } from '../../ops/own-kernel.ts';
import { decaysMatrices, descend, type Optimizer, type UpdateInput, type UpdateOutput } from './optimizer.ts';

/** Options of {@link adamw}. */
export interface AdamWOptions {
  /** Default 0.9. */
  readonly beta1?: number;
  /** Default 0.95, usual for language models (PyTorch's default is 0.999). */
  readonly beta2?: number;
  /** Default 1e-8. */
  readonly epsilon?: number;
  /** Default 0. */
  readonly weightDecay?: number;
  /** Which parameters decay; default those of rank 2 and more. */
  readonly decays?: (name: string, shape: readonly number[]) => boolean;
}

interface Constants {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** learningRate x weightDecay. */
  readonly decay: number;
  /** learningRate / (1 - beta1^t). */
  readonly rate: number;
  /** 1 / sqrt(1 - beta2^t). */
  readonly scale: number;
  /** Factor on the gradient. */
  readonly gradientScale: number;
}

/** p (1 - lr wd) - lr / (1 - b1^t) m / (sqrt(v) / sqrt(1 - b2^t) + eps), m and v running means of g and g^2. */
export function adamw(options: AdamWOptions = {}): Optimizer {
  checkOptions(options, ['beta1', 'beta2', 'epsilon', 'weightDecay', 'decays'], 'adamw');
  const { beta1 = 0.9, beta2 = 0.95, epsilon = 1e-8, weightDecay = 0, decays = decaysMatrices } = options;
  checkRange('beta1', beta1, 0, 1);
  checkRange('beta2', beta2, 0, 1);
  checkRange('epsilon', epsilon, 0, Number.POSITIVE_INFINITY);
  checkRange('weightDecay', weightDecay, 0, Number.POSITIVE_INFINITY);
  return {
    name: 'adamw',
    scalesGradient: true,
    init: (_, shape) => ({ m: tf.zeros([...shape]), v: tf.zeros([...shape]) }),
    update(input) {
      const { name, parameter, step, learningRate } = input;
      const decay = learningRate * (decays(name, parameter.shape) ? weightDecay : 0);
      const constants = {
        beta1,
        beta2,
        epsilon,
        decay,
        rate: learningRate / (1 - beta1 ** step),
        scale: 1 / Math.sqrt(1 - beta2 ** step),
        gradientScale: input.gradientScale ?? 1,
      };
      if (hasKernel('Ashlar/AdamW') && parameter.size > 0) return fused(input, constants);
      return isHostBackend() ? inOneLoop(input, constants) : composite(input, constants);
    },
  };
}

/** The update in stock ops, for any backend. */
export function composite({ parameter, gradient: raw, slots }: UpdateInput, c: Constants): UpdateOutput {
  const gradient = c.gradientScale === 1 ? raw : tf.mul(raw, c.gradientScale);
  const m = tf.add(tf.mul(slots['m'], c.beta1), tf.mul(gradient, 1 - c.beta1));
  const v = tf.add(tf.mul(slots['v'], c.beta2), tf.mul(tf.square(gradient), 1 - c.beta2));
  const step = tf.mul(tf.div(m, tf.add(tf.mul(tf.sqrt(v), c.scale), c.epsilon)), c.rate);
  return { parameter: descend(parameter, c.decay, step), slots: { m, v } };
}

function fused({ parameter, gradient, slots }: UpdateInput, c: Constants): UpdateOutput {
  // In this order the kernels read them.
  const attrs = {
    beta1: c.beta1,
    rest1: 1 - c.beta1,
    beta2: c.beta2,
    rest2: 1 - c.beta2,
    epsilon: c.epsilon,
    decay: c.decay,
    rate: c.rate,
    scale: c.scale,
    gradientScale: c.gradientScale,
  };
  const inputs = { p: parameter, g: gradient, m: slots['m'], v: slots['v'] };
  const [next, m, v] = runOwnKernel('Ashlar/AdamW', inputs, attrs);
  return { parameter: next, slots: { m, v } };
}

function inOneLoop({ parameter, gradient, slots }: UpdateInput, c: Constants): UpdateOutput {
  const p = parameter.dataSync<'float32'>();
  const g = gradient.dataSync<'float32'>();
  const m0 = slots['m'].dataSync<'float32'>();
  const v0 = slots['v'].dataSync<'float32'>();
  const out = new Float32Array(p.length);
  const m = new Float32Array(p.length);
  const v = new Float32Array(p.length);
  const { beta1, beta2, epsilon, decay, rate, scale, gradientScale } = c;
  const shrink = 1 - decay;
  for (let i = 0; i < p.length; i++) {
    const gi = gradientScale === 1 ? g[i] : Math.fround(g[i] * gradientScale);
    const mi = beta1 * m0[i] + (1 - beta1) * gi;
    const vi = beta2 * v0[i] + (1 - beta2) * gi * gi;
    m[i] = mi;
    v[i] = vi;
    out[i] = p[i] * shrink - (rate * mi) / (Math.sqrt(vi) * scale + epsilon);
  }
  const { shape } = parameter;
  return { parameter: tf.tensor(out, shape), slots: { m: tf.tensor(m, shape), v: tf.tensor(v, shape) } };
}
