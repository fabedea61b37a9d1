import type { Model } from './model.ts';

/** Throws for what has no `forward` of its own, such as a model that was loaded with `worker: true`. */
export function checkHasActivations(model: Model, caller: string): void {
  if (typeof model?.forward !== 'function')
    throw new TypeError(
      `${caller}: expected a model of loadModel without worker: true, whose activations are here`,
    );
}
