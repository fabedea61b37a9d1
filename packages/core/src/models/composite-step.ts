// Steps of sequences in stock tfjs ops. Rows of one pass need equally many ids, so requests are grouped by their number; a long prompt goes in pieces.
import { gather, reshape, type Tensor2D, tensor2d, tidy } from '@tensorflow/tfjs-core';
import type { StepRequest } from '../generate/language-model.ts';
import { cachedPass } from '../kv-cache/cached-pass.ts';
import type { KvCache, KvSequence } from '../kv-cache/kv-cache.ts';
import type { TensorPageStore } from '../kv-cache/tensor-page-store.ts';
import type { ModelConfig } from './model-config.ts';
import { decodeHidden, head, type WeightSource } from './transformer.ts';

/** What a composite step works with. */
export interface CompositeStep {
  readonly config: ModelConfig;
  readonly kv: KvCache;
  readonly store: TensorPageStore;
  readonly window: number | undefined;
  readonly sinks: number;
  /** The most ids of a sequence in one pass. */
  readonly prefillChunk: number;
  /** The weights for the layers of a pass over these sequences. */
  weightsFor(sequences: readonly KvSequence[]): WeightSource;
  /** The weights for the head. */
  readonly headWeights: WeightSource;
}

/** Appends every request's ids and answers the logits behind each one's last. After an error sequences may have grown: the caller cuts them. */
export async function compositeStep(
  step: CompositeStep,
  requests: readonly StepRequest<KvSequence>[],
): Promise<Float32Array[]> {
  const results = new Array<Float32Array>(requests.length);
  for (const group of byCount(requests)) {
    const { ids } = requests[group[0]];
    for (let from = 0; from < ids.length; from += step.prefillChunk) {
      const to = Math.min(ids.length, from + step.prefillChunk);
      const part = group.map((i) => ({
        sequence: requests[i].sequence,
        ids: Array.prototype.slice.call(requests[i].ids, from, to) as number[],
      }));
      const logits = await pass(step, part, to === ids.length);
      logits.forEach((row, k) => {
        results[group[k]] = row;
      });
    }
  }
  return results;
}

/** One pass over requests with equally many ids. */
async function pass(
  { config, kv, store, window, sinks, weightsFor, headWeights }: CompositeStep,
  requests: readonly StepRequest<KvSequence>[],
  wantLogits: boolean,
): Promise<Float32Array[]> {
  const count = requests[0].ids.length;
  const sequences = requests.map((r) => r.sequence);
  const reservations = kv.reserve(
    sequences,
    requests.map(() => count),
  );
  let logits: Tensor2D | undefined;
  try {
    logits = tidy(() => {
      const ids = tensor2d(
        requests.flatMap((r) => Array.from(r.ids)),
        [requests.length, count],
        'int32',
      );
      const context = cachedPass(store, reservations, count, { window, sinks });
      const rows = decodeHidden(config, weightsFor(sequences), ids, context);
      if (!wantLogits) return undefined;
      const flat = reshape(rows, [requests.length * count, config.hiddenSize]);
      const last =
        count === 1
          ? flat
          : gather(
              flat,
              requests.map((_, b) => b * count + count - 1),
            );
      return head(config, headWeights, last) as Tensor2D;
    }) as Tensor2D | undefined;
  } catch (error) {
    for (const reservation of reservations) reservation.cancel();
    throw error;
  }
  reservations.forEach((reservation, i) => {
    reservation.commit(requests[i].ids);
  });
  if (logits === undefined) return [];
  const values = (await logits.data()) as Float32Array;
  logits.dispose();
  return requests.map((_, b) => values.slice(b * config.vocabSize, (b + 1) * config.vocabSize));
}

/** Indices of the requests in groups with equally many ids: a group is one pass. */
function byCount(requests: readonly StepRequest[]): number[][] {
  const groups = new Map<number, number[]>();
  requests.forEach(({ ids }, i) => {
    groups.set(ids.length, [...(groups.get(ids.length) ?? []), i]);
  });
  return [...groups.values()];
}
