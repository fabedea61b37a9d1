// A model's parameters as tensors that are made when they are asked for: a fused executor keeps the weights packed, and most models are only run.
import { keep, type Tensor, tensor } from '@tensorflow/tfjs-core';
import type { ParameterSpec } from './parameters.ts';

/** A map of tensors over `specs`; `values` answers a parameter's floats, or a tensor of them, when it is first read. */
export class LazyParameters extends Map<string, Tensor> {
  readonly #specs: ReadonlyMap<string, ParameterSpec>;
  readonly #values: (name: string) => Float32Array | Tensor;

  constructor(specs: readonly ParameterSpec[], values: (name: string) => Float32Array | Tensor) {
    super();
    this.#specs = new Map(specs.map((spec) => [spec.name, spec]));
    this.#values = values;
  }

  override get size(): number {
    return this.#specs.size;
  }

  override has(name: string): boolean {
    return this.#specs.has(name);
  }

  override get(name: string): Tensor | undefined {
    const made = super.get(name);
    const spec = this.#specs.get(name);
    if (made !== undefined || spec === undefined) return made;
    const values = this.#values(name);
    const fresh = keep(values instanceof Float32Array ? tensor(values, [...spec.shape], 'float32') : values);
    super.set(name, fresh);
    return fresh;
  }

  override *keys(): MapIterator<string> {
    yield* this.#specs.keys();
  }

  override *values(): MapIterator<Tensor> {
    for (const name of this.#specs.keys()) yield this.get(name) as Tensor;
  }

  override *entries(): MapIterator<[string, Tensor]> {
    for (const name of this.#specs.keys()) yield [name, this.get(name) as Tensor];
  }

  override [Symbol.iterator](): MapIterator<[string, Tensor]> {
    return this.entries();
  }

  override forEach(visit: (value: Tensor, key: string, map: Map<string, Tensor>) => void): void {
    for (const [name, value] of this.entries()) visit(value, name, this);
  }

  /** Disposes the tensors that were made. */
  disposeMade(): void {
    for (const made of super.values()) made.dispose();
    super.clear();
  }
}
