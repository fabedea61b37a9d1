// Optimizers are plain functions over explicit state: for one tensor, (parameter, gradient, slots, step) -> (parameter, slots). The state is data, so a
// checkpoint is a list of tensors and one number, and the same update runs on every backend.
import * as tf from '@tensorflow/tfjs-core';

/** Tensors of one parameter's shape that an optimizer carries from step to step, by name. */
export type Slots = Readonly<Record<string, tf.Tensor>>;

/** What one update reads. */
export interface UpdateInput {
  readonly name: string;
  readonly parameter: tf.Tensor;
  readonly gradient: tf.Tensor;
  readonly slots: Slots;
  /** 1 at the first update. Bias corrections are computed from it in JavaScript doubles. */
  readonly step: number;
  readonly learningRate: number;
  /** Factor on the gradient (clipping), for a rule that says `scalesGradient`; else the gradient comes multiplied and this is absent. */
  readonly gradientScale?: number;
}

/** What one update gives: new tensors; the input is not touched. */
export interface UpdateOutput {
  readonly parameter: tf.Tensor;
  readonly slots: Slots;
}

/** A rule that turns gradients into new parameters. */
export interface Optimizer {
  readonly name: string;
  /** True: the rule multiplies by `gradientScale` itself, which saves a pass over the gradients. */
  readonly scalesGradient?: boolean;
  /** The slots of a parameter before its first update. */
  init(name: string, shape: readonly number[]): Slots;
  /** One step: new parameters and state from gradients. */
  update(input: UpdateInput): UpdateOutput;
  /** The same for several parameters, in their order, where doing them together saves work; default: one by one. */
  updateMany?(inputs: readonly UpdateInput[]): readonly UpdateOutput[];
}

/** An optimizer's memory: the number of updates done and the slots by parameter name. */
export interface OptimizerState {
  readonly step: number;
  readonly slots: ReadonlyMap<string, Slots>;
}

/** The state before the first update. */
export function initOptimizer(
  optimizer: Optimizer,
  parameters: ReadonlyMap<string, tf.Tensor>,
): OptimizerState {
  const slots = new Map<string, Slots>();
  for (const [name, p] of parameters) {
    const own = tf.tidy(() => optimizer.init(name, p.shape));
    for (const slot of Object.values(own)) tf.keep(slot);
    slots.set(name, own);
  }
  return { step: 0, slots };
}

/**
 * One update of every parameter that has a gradient; the others pass unchanged.
 *
 * Consumes its tensors: the old parameters, slots and the gradients are disposed, the new ones kept. Throws a RangeError for a gradient without a
 * parameter or of another shape, before anything is changed.
 * @param gradientScale factor on every gradient, as clipping gives it; default 1
 */
export function applyGradients(
  optimizer: Optimizer,
  parameters: ReadonlyMap<string, tf.Tensor>,
  gradients: ReadonlyMap<string, tf.Tensor>,
  state: OptimizerState,
  learningRate: number,
  gradientScale = 1,
): { readonly parameters: Map<string, tf.Tensor>; readonly state: OptimizerState } {
  for (const [name, gradient] of gradients) {
    const shape = parameters.get(name)?.shape;
    if (shape === undefined || shape.join() !== gradient.shape.join())
      throw new RangeError(
        `gradient of ${name}: expected shape [${shape ?? 'no such parameter'}], got [${gradient.shape}]`,
      );
  }
  const step = state.step + 1;
  const updated = new Map(parameters);
  const slots = new Map(state.slots);
  const scaled = (gradient: tf.Tensor): tf.Tensor =>
    gradientScale === 1 || optimizer.scalesGradient === true ? gradient : tf.mul(gradient, gradientScale);
  const all = [...gradients].map(([name, gradient]): UpdateInput => {
    const parameter = parameters.get(name)!;
    const own = state.slots.get(name) ?? optimizer.init(name, parameter.shape);
    return { name, parameter, gradient, slots: own, step, learningRate, gradientScale };
  });
  // Rules that take parameters one by one free the old tensors of each before they make the next.
  const parts = optimizer.updateMany === undefined ? all.map((input) => [input]) : [all];
  for (const part of parts) {
    const made: UpdateOutput[] = [];
    tf.tidy(() => {
      const inputs = part.map((input) => ({ ...input, gradient: scaled(input.gradient) }));
      made.push(...(optimizer.updateMany?.(inputs) ?? inputs.map((input) => optimizer.update(input))));
      for (const out of made) for (const t of [out.parameter, ...Object.values(out.slots)]) tf.keep(t);
    });
    part.forEach(({ name, parameter, gradient, slots: own }, i) => {
      tf.dispose([parameter, gradient, ...Object.values(own)]);
      updated.set(name, made[i].parameter);
      slots.set(name, made[i].slots);
    });
  }
  return { parameters: updated, state: { step, slots } };
}

/** The default of every decaying optimizer here: matrices decay; norms, biases and other vectors do not. */
export const decaysMatrices = (_name: string, shape: readonly number[]): boolean => shape.length >= 2;

/**
 * p - (decay p + step), inside the caller's tidy. Not p (1 - decay) - step: the factor 1 - decay, rounded to float32, would be wrong by up to 6e-8 at every step.
 */
export function descend(parameter: tf.Tensor, decay: number, step: tf.Tensor): tf.Tensor {
  return tf.sub(parameter, decay === 0 ? step : tf.add(tf.mul(parameter, decay), step));
}
