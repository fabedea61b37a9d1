// Muon, Jordan et al. 2024 (kellerjordan.github.io/posts/muon): momentum whose matrix is replaced by a nearly orthogonal one, five Newton-Schulz steps of a quintic whose
// singular values end near 1 (in 0.7 to 1.2, by design). For hidden matrices only: give embeddings, heads and vectors to AdamW with `byGroup`.
// Float32 here, bfloat16 there; the momentum is a running mean (lerp), as in the reference.
import * as tf from '@tensorflow/tfjs-core';
import { checkOptions, checkRange } from '../../check-options.ts';
import { matMul } from '../../ops/mat-mul.ts';
import { decaysMatrices, descend, type Optimizer, type UpdateInput, type UpdateOutput } from './optimizer.ts';

/** Options of {@link muon}. */
export interface MuonOptions {
  /** Default 0.95. */
  readonly momentum?: number;
  /** Default true. */
  readonly nesterov?: boolean;
  /** Default 5. */
  readonly newtonSchulzSteps?: number;
  /** Default 0. */
  readonly weightDecay?: number;
  /** Which axis of a matrix counts outputs, for the factor sqrt(max(1, outputs / inputs)); default 'in-out', this library's layout. */
  readonly weightLayout?: 'in-out' | 'out-in';
}

const coefficients = [3.4445, -4.775, 2.0315] as const;

/** p (1 - lr wd) - lr sqrt(max(1, out/in)) NS(u), u the (Nesterov) running mean of gradients; matrices only. */
export function muon(options: MuonOptions = {}): Optimizer {
  checkOptions(options, ['momentum', 'nesterov', 'newtonSchulzSteps', 'weightDecay', 'weightLayout'], 'muon');
  const { momentum = 0.95, nesterov = true, newtonSchulzSteps = 5, weightDecay = 0 } = options;
  checkRange('momentum', momentum, 0, 1);
  checkRange('weightDecay', weightDecay, 0, Number.POSITIVE_INFINITY);
  if (!(Number.isInteger(newtonSchulzSteps) && newtonSchulzSteps >= 1))
    throw new RangeError(`newtonSchulzSteps: expected an integer >= 1, got ${newtonSchulzSteps}`);
  const towards = (mean: tf.Tensor, gradient: tf.Tensor): tf.Tensor =>
    tf.add(tf.mul(mean, momentum), tf.mul(gradient, 1 - momentum));
  const descended = ({ name, parameter, learningRate }: UpdateInput, direction: tf.Tensor): tf.Tensor => {
    const [rows, columns] = parameter.shape;
    const ratio = options.weightLayout === 'out-in' ? rows / columns : columns / rows;
    const step = tf.mul(direction, learningRate * Math.sqrt(Math.max(1, ratio)));
    const decay = learningRate * (decaysMatrices(name, parameter.shape) ? weightDecay : 0);
    return descend(parameter, decay, step);
  };
  return {
    name: 'muon',
    init(name, shape) {
      if (shape.length !== 2)
        throw new RangeError(`muon: expected matrices only, got ${name} of rank ${shape.length}`);
      return { momentum: tf.zeros([...shape]) };
    },
    update(input) {
      const mean = towards(input.slots['momentum'], input.gradient);
      const raw = nesterov ? towards(mean, input.gradient) : mean;
      const direction = orthogonalize(raw as tf.Tensor2D, newtonSchulzSteps);
      return { parameter: descended(input, direction), slots: { momentum: mean } };
    },
    updateMany(inputs) {
      // tfjs's wasm is fast for single matrices only.
      if (tf.getBackend() === 'wasm') return inputs.map((input) => this.update(input));
      const outputs = new Map<UpdateInput, UpdateOutput>();
      const shapes = new Set(inputs.map(({ parameter }) => parameter.shape.join()));
      for (const shape of shapes) {
        const own = inputs.filter(({ parameter }) => parameter.shape.join() === shape);
        const gradients = tf.stack(own.map(({ gradient }) => gradient));
        const means = towards(tf.stack(own.map(({ slots }) => slots['momentum'])), gradients);
        const raw = nesterov ? towards(means, gradients) : means;
        const directions = tf.unstack(orthogonalizeAll(raw as tf.Tensor3D, newtonSchulzSteps));
        const momenta = tf.unstack(means);
        own.forEach((input, i) => {
          const parameter = descended(input, directions[i]);
          outputs.set(input, { parameter, slots: { momentum: momenta[i] } });
        });
      }
      return inputs.map((input) => outputs.get(input)!);
    },
  };
}

/** X <- a X + (b A + c A A) X with A = X X', from X = G / |G|, on the wide orientation. */
export function orthogonalize(matrix: tf.Tensor2D, steps: number): tf.Tensor2D {
  return tf.tidy(() => {
    const tall = matrix.shape[0] > matrix.shape[1];
    const wide = (tall ? tf.transpose(matrix) : matrix) as tf.Tensor2D;
    let x = tf.div(wide, tf.add(tf.sqrt(tf.sum(tf.square(wide))), 1e-7)) as tf.Tensor2D;
    const [a, b, c] = coefficients;
    for (let i = 0; i < steps; i++) {
      const gram = matMul(x, x, false, true);
      const mixed = tf.add(tf.mul(gram, b), tf.mul(matMul(gram, gram), c)) as tf.Tensor2D;
      x = tf.add(tf.mul(x, a), matMul(mixed, x)) as tf.Tensor2D;
    }
    return (tall ? tf.transpose(x) : x) as tf.Tensor2D;
  });
}

/** The same for a stack of matrices [N, rows, columns], each on its own: some dozens of programs for all instead of for each. */
function orthogonalizeAll(matrices: tf.Tensor3D, steps: number): tf.Tensor3D {
  return tf.tidy(() => {
    const [, rows, columns] = matrices.shape;
    const turn = (t: tf.Tensor): tf.Tensor => (rows > columns ? tf.transpose(t, [0, 2, 1]) : t);
    const wide = turn(matrices);
    let x = tf.div(wide, tf.add(tf.sqrt(tf.sum(tf.square(wide), [1, 2], true)), 1e-7));
    const [a, b, c] = coefficients;
    for (let i = 0; i < steps; i++) {
      const gram = tf.matMul(x, x, false, true);
      const mixed = tf.add(tf.mul(gram, b), tf.mul(tf.matMul(gram, gram), c));
      x = tf.add(tf.mul(x, a), tf.matMul(mixed, x));
    }
    return turn(x) as tf.Tensor3D;
  });
}
