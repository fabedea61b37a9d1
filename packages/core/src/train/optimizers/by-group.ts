// Different rules for different parameters: Muon for hidden matrices and AdamW for the rest, a smaller rate for a head, frozen parts left out by giving no gradient.
import type { Optimizer, UpdateInput, UpdateOutput } from './optimizer.ts';

/** One group; the first whose `match` accepts a parameter takes it. */
export interface ParameterGroup {
  /** True for the names of the parameters that belong to the group. */
  readonly match: (name: string, shape: readonly number[]) => boolean;
  readonly optimizer: Optimizer;
  /** Factor on the schedule's learning rate; default 1. */
  readonly learningRateScale?: number;
}

/** An optimizer that hands every parameter to the first group that matches; throws for one that none takes. */
export function byGroup(groups: readonly ParameterGroup[]): Optimizer {
  const groupOf = (name: string, shape: readonly number[]): ParameterGroup => {
    const group = groups.find((g) => g.match(name, shape));
    if (group === undefined)
      throw new RangeError(`byGroup: expected a group for every parameter, got none for ${name}`);
    return group;
  };
  const withRate = (input: UpdateInput, { learningRateScale = 1 }: ParameterGroup): UpdateInput => ({
    ...input,
    learningRate: input.learningRate * learningRateScale,
  });
  const scalesGradient = groups.every((g) => g.optimizer.scalesGradient === true);
  return {
    ...(scalesGradient ? { scalesGradient } : {}),
    name: groups.map((g) => g.optimizer.name).join('+'),
    init: (name, shape) => groupOf(name, shape).optimizer.init(name, shape),
    update(input) {
      const group = groupOf(input.name, input.parameter.shape);
      return group.optimizer.update(withRate(input, group));
    },
    ...(groups.some((g) => g.optimizer.updateMany !== undefined) ? { updateMany } : {}),
  };

  function updateMany(inputs: readonly UpdateInput[]): UpdateOutput[] {
    const outputs = new Map<string, UpdateOutput>();
    for (const group of groups) {
      const own = inputs
        .filter(({ name, parameter }) => groupOf(name, parameter.shape) === group)
        .map((input) => withRate(input, group));
      const { optimizer } = group;
      const made = optimizer.updateMany?.(own) ?? own.map((input) => optimizer.update(input));
      own.forEach(({ name }, i) => void outputs.set(name, made[i]));
    }
    return inputs.map(({ name }) => outputs.get(name)!);
  }
}

/** Matrices inside the layers: what Muon is for. Embeddings, positions, head, norms and biases are not. */
export const isHiddenMatrix = (name: string, shape: readonly number[]): boolean =>
  shape.length === 2 && !/^(embedding|positions|head)\b/.test(name);
