// What every backend with fused kernels must give: each op, forward and backward, as its composite of stock ops gives on tfjs's cpu backend.
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { squareSums } from '../train/clip-gradients.ts';
import { adamw } from '../train/optimizers/adamw.ts';
import { attend } from './attend.ts';
import { attentionMask } from './attention-mask.ts';
import { gated } from './gated.ts';
import { registerGradients } from './gradients/register-gradients.ts';
import { joinHeads, splitHeads } from './heads.ts';
import { linearNegativeLogProbs } from './linear-cross-entropy.ts';
import { normalize } from './normalize.ts';
import { hasKernel, type OwnKernel } from './own-kernel.ts';
import { ropeTables } from './rope.ts';
import { scatterRows } from './scatter-rows.ts';

const values = (count: number, seed: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898 + seed * 78.233) * 1.5);
const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

type Op = (...inputs: tf.Tensor[]) => tf.Tensor;

interface Case {
  readonly name: string;
  readonly kernels: readonly OwnKernel[];
  readonly shapes: readonly (readonly number[])[];
  readonly op: Op;
  /** False: no gradient of it. */
  readonly gradient?: false;
}

const range = (n: number, from = 0): number[] => Array.from({ length: n }, (_, i) => i + from);
const rope = (interleaved: boolean, rotaryDim: number) => ({
  kind: 'default' as const,
  theta: 10000,
  rotaryDim,
  interleaved,
  factor: 1,
  originalMaxPositions: 64,
  maxPositions: 64,
});

function attention(heads: number, groups: number, length: number, window?: number, softcap?: number): Case {
  const [batch, size] = [2, 8];
  return {
    name: `attention, ${heads} heads in ${groups} groups, ${length} tokens, window ${window}, softcap ${softcap}`,
    kernels: ['Ashlar/Attention', 'Ashlar/MaskedSoftmax'],
    shapes: [
      [batch, heads, length, size],
      [batch, groups, length, size],
      [batch, groups, length, size],
    ],
    op: (q, k, v) =>
      attend(q as tf.Tensor4D, k as tf.Tensor4D, v as tf.Tensor4D, {
        scale: 0.4,
        mask: attentionMask([range(length)], [range(length)], window === undefined ? {} : { window }),
        ...(softcap === undefined ? {} : { softcap }),
      }),
  };
}

function crossEntropy(rows: number, vocabulary: number, chunk: number, turned: boolean): Case {
  const labels = range(rows).map((i) => (i % 5 === 4 ? -100 : (i * 7) % vocabulary));
  return {
    name: `cross-entropy of ${rows} rows, ${vocabulary} ids in chunks of ${chunk}${turned ? ', [C, V]' : ''}`,
    kernels: ['Ashlar/RowCrossEntropy'],
    shapes: [[rows, 12], turned ? [12, vocabulary] : [vocabulary, 12]],
    op: (h, w) =>
      linearNegativeLogProbs(h as tf.Tensor2D, w as tf.Tensor2D, labels, {
        vocabularyChunk: chunk,
        weightLayout: turned ? 'in-out' : 'out-in',
      }),
  };
}

function heads(interleaved: boolean, rotaryDim: number, ownPositions: boolean): Case {
  const positions = [range(5), ownPositions ? range(5, 3) : range(5)];
  return {
    name: `heads and back, ${rotaryDim} of 8 turned, ${interleaved ? 'interleaved' : 'halves'}, positions ${ownPositions}`,
    kernels: ['Ashlar/SplitHeads', 'Ashlar/JoinHeads'],
    shapes: [[2, 5, 3, 8]],
    op: (x) => {
      const config = rope(interleaved, rotaryDim);
      const split = splitHeads(x as tf.Tensor4D, { rope: config, tables: ropeTables(config, positions) });
      return tf.concat([tf.reshape(split, [2, 5, 24]), joinHeads(splitHeads(x as tf.Tensor4D))]);
    },
  };
}

function norm(kind: 'rms' | 'layer', shape: readonly number[], bias: boolean, unitOffset = false): Case {
  const width = shape[shape.length - 1];
  const config = { kind, eps: 1e-5, weight: true, bias, unitOffset };
  return {
    name: `${kind} norm of [${shape}]${bias ? ' with bias' : ''}${unitOffset ? ' at 1 + weight' : ''}`,
    kernels: ['Ashlar/Norm', 'Ashlar/NormGrad'],
    shapes: [shape, [width], ...(bias ? [[width]] : [])],
    op: (x, w, b) => normalize(x, config, w, b),
  };
}

const cases: readonly Case[] = [
  norm('rms', [3, 5, 16], false),
  norm('rms', [37, 130], false, true),
  norm('layer', [2, 3, 7], true),
  norm('layer', [40, 33], false),
  {
    name: 'SwiGLU',
    kernels: ['Ashlar/SiluMul', 'Ashlar/SiluMulGrad'],
    shapes: [
      [3, 11, 7],
      [3, 11, 7],
    ],
    op: (a, b) => gated(tf.mul(a, 9), b, 'silu'),
  },
  heads(false, 8, false),
  heads(true, 8, true),
  heads(false, 4, true),
  attention(4, 4, 9),
  attention(6, 2, 70),
  attention(2, 1, 133, 20),
  attention(2, 2, 9, undefined, 2),
  crossEntropy(11, 29, 100, false),
  crossEntropy(11, 29, 8, true),
  crossEntropy(140, 301, 128, false),
  {
    name: 'rows added by id',
    kernels: ['Ashlar/ScatterRows'],
    shapes: [[3, 4, 6]],
    gradient: false,
    op: (dy) => scatterRows(dy, tf.tensor2d([1, 1, 0, 4, 4, 4, 2, 0, 1, 1, 1, 4], [3, 4], 'int32'), [6, 6]),
  },
  {
    name: 'sums of squares',
    kernels: ['Ashlar/SquareSums'],
    shapes: [[3, 7], [5000], [1]],
    gradient: false,
    op: (...all) => squareSums(all),
  },
  {
    name: 'AdamW',
    kernels: ['Ashlar/AdamW'],
    shapes: [
      [13, 9],
      [13, 9],
      [13, 9],
      [13, 9],
    ],
    gradient: false,
    op: (parameter, gradient, m, v) => {
      const optimizer = adamw({ weightDecay: 0.1 });
      const given = { name: 'w', parameter, gradient, step: 3, learningRate: 0.01, gradientScale: 0.7 };
      const out = optimizer.update({ ...given, slots: { m, v: tf.abs(v) } });
      return tf.concat([out.parameter, out.slots['m'], out.slots['v']]);
    },
  },
];

/** Value and gradients of a case on a backend. */
async function outcome(backend: string, { shapes, op, gradient }: Case): Promise<Float32Array[]> {
  await tf.setBackend(backend);
  const inputs = shapes.map((shape, i) => tf.tensor(values(sizeOf(shape), i), [...shape]));
  const before = tf.memory().numTensors;
  const results = tf.tidy(() => {
    if (gradient === false) return [op(...inputs)];
    // A cotangent that differs from entry to entry.
    const weighted = (...xs: tf.Tensor[]): tf.Scalar => {
      const y = op(...xs);
      return tf.sum(tf.mul(y, tf.tensor(values(y.size, 9), y.shape))) as tf.Scalar;
    };
    return [op(...inputs), ...tf.grads(weighted)(inputs)];
  });
  expect(tf.memory().numTensors).toBe(before + results.length);
  const data = await Promise.all(results.map((t) => t.data<'float32'>()));
  tf.dispose([...results, ...inputs]);
  return data.map((d) => d.slice());
}

/** Declares the tests for a backend that has been started by `start` (which answers false to skip). */
export function fusedKernelsContract(backend: string, wanted: readonly OwnKernel[]): void {
  test(`${backend} has its fused kernels`, async () => {
    await tf.setBackend(backend);
    for (const name of wanted) expect([name, hasKernel(name)]).toEqual([name, true]);
  });
  for (const one of cases) {
    test(`${one.name}: values and gradients are those of stock ops`, async () => {
      registerGradients();
      const want = await outcome('cpu', one);
      const got = await outcome(backend, one);
      got.forEach((array, k) => {
        const top = want[k].reduce((a, x) => Math.max(a, Math.abs(x)), 1e-3);
        let worst = 0;
        array.forEach((x, i) => {
          worst = Math.max(worst, Math.abs(x - want[k][i]));
        });
        expect(array.length).toBe(want[k].length);
        expect(worst / top).toBeLessThan(5e-6);
      });
    });
  }
}
