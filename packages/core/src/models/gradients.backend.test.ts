import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { registerGradients } from '../ops/gradients/register-gradients.ts';
import { decoderNames, tinyConfig, tinyIds, tinyParameters } from './contract.ts';
import { decode } from './transformer.ts';
import { wholeSequence } from './whole-sequence.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
  registerGradients();
});
afterEach(() => {
  expect(tf.memory().numTensors).toBe(0);
});

test.each(decoderNames)(
  '%s: the gradient reaches every parameter and has the slope of finite differences',
  (name) => {
    const config = tinyConfig(name);
    const parameters = tinyParameters(config);
    const names = [...parameters.keys()];
    const length = 9;
    const loss = (...tensors: tf.Tensor[]) => {
      const weights = {
        get: (n: string) => tensors[names.indexOf(n)],
        has: (n: string) => names.includes(n),
      };
      const ids = tf.tensor2d([tinyIds(length)], [1, length], 'int32');
      return tf.mean(tf.square(decode(config, weights, ids, wholeSequence(1, length)))) as tf.Scalar;
    };
    tf.tidy(() => {
      const tensors = names.map((n) => parameters.get(n) as tf.Tensor);
      const gradients = tf.grads(loss)(tensors);
      // One direction through all parameters: the slope along it is the sum of the squares of the gradient's parts.
      let norm = 0;
      gradients.forEach((gradient, k) => {
        const size = tf.sum(tf.square(gradient)).dataSync()[0];
        // Keys' biases shift all scores of a query alike, which softmax does not see.
        const blind =
          /attention\.k\.bias$/.test(names[k]) && config.layers.every((layer) => layer.rope === undefined);
        // An expert that no token chose has none.
        const idle = /experts\.\d/.test(names[k]);
        if (!blind && !idle) expect(size, names[k]).toBeGreaterThan(0);
        norm += size;
      });
      const step = 1e-3 / Math.sqrt(norm);
      const moved = (by: number) =>
        loss(...tensors.map((tensor, k) => tf.add(tensor, tf.mul(gradients[k], by * step)))).dataSync()[0];
      const slope = (moved(1) - moved(-1)) / (2 * step);
      expect(slope / norm).toBeGreaterThan(0.98);
      expect(slope / norm).toBeLessThan(1.02);
    });
    for (const tensor of parameters.values()) tensor.dispose();
  },
);
