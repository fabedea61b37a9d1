// Which low-rank adapter stands beside the weights: a sequence's own, or the model's.
import type { KvSequence } from '../kv-cache/kv-cache.ts';
import { type Adapter, linearSpecs, withLora, withRowAdapters } from '../train/lora/lora.ts';
import { requireAdapter } from '../train/lora/require-adapter.ts';
import type { ModelConfig } from './model-config.ts';
import type { WeightSource } from './transformer.ts';

/** The adapters of a model and of its sequences. */
export interface ModelAdapters {
  /** The sequence's own, or the model's. */
  of(sequence: KvSequence): Adapter | undefined;
  /** Takes another one, for a sequence or for the model; answers the one before it. */
  use(next: Adapter | undefined, sequence: KvSequence | undefined): Adapter | undefined;
  /** The weights with the model's adapter beside them. */
  beside(base: WeightSource): WeightSource;
  /** The weights of a pass over sequences, each with its adapter beside. */
  besideEach(base: WeightSource, sequences: readonly KvSequence[]): WeightSource;
}

/** No adapter yet. */
export function modelAdapters(config: ModelConfig): ModelAdapters {
  let common: Adapter | undefined;
  const own = new WeakMap<KvSequence, Adapter>();
  const of = (sequence: KvSequence): Adapter | undefined => own.get(sequence) ?? common;
  const beside = (base: WeightSource): WeightSource =>
    common === undefined ? base : withLora(base, common.tensors, common.lora);
  return {
    of,
    use(next, sequence) {
      if (next !== undefined) checkAdapter(next, config);
      const old = sequence === undefined ? common : own.get(sequence);
      if (sequence === undefined) common = next;
      else if (next === undefined) own.delete(sequence);
      else own.set(sequence, next);
      return old;
    },
    beside,
    besideEach(base, sequences) {
      const adapters = sequences.map(of);
      if (adapters.every((one) => one === common)) return beside(base);
      const distinct = [...new Set(adapters.filter((one) => one !== undefined))];
      return withRowAdapters(
        base,
        distinct,
        adapters.map((one) => (one === undefined ? -1 : distinct.indexOf(one))),
      );
    },
  };
}

/** Throws unless every target is a linear weight inside the layers and the adapter's tensors fit it. */
function checkAdapter(adapter: Adapter, config: ModelConfig): void {
  const { tensors, lora } = requireAdapter(adapter);
  // From the configuration: asking a packed model for a tensor would unpack it.
  const shapes = new Map(linearSpecs(config).map((spec) => [spec.name, spec.shape]));
  for (const name of lora.targets) {
    const shape = shapes.get(name);
    const a = tensors.get(`${name}.loraA`)?.shape ?? [];
    const b = tensors.get(`${name}.loraB`)?.shape ?? [];
    if (shape === undefined || a[0] !== shape[0] || b[1] !== shape[1] || a[1] !== b[0])
      throw new RangeError(
        `adapter of ${name}: expected [in, r] and [r, out] of the weight [${shape ?? 'none'}], got [${a}] and [${b}]`,
      );
  }
}
