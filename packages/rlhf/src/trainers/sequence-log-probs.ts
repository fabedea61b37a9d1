// Log-probabilities of whole answers under a decoder, and their cache for the frozen reference.
import {
  type ModelConfig,
  sourceOf,
  type TokenBatch,
  type TokenRow,
  tokenNegativeLogProbs,
  type WeightSource,
} from '@ashlar/core';
import * as tf from '@tensorflow/tfjs-core';
import { type EncodedPair, pairBatch } from './pair-batch.ts';

/** Sum over learned tokens of log p, [rows] in nats; differentiable. Call it inside a tidy or a gradient function. */
export function sequenceLogProbs(config: ModelConfig, weights: WeightSource, batch: TokenBatch): tf.Tensor1D {
  return tf.neg(tf.sum(tokenNegativeLogProbs(config, weights, batch), 1)) as tf.Tensor1D;
}

/** Learned tokens of every row, at least 1. */
export function learnedLengths(batch: TokenBatch): Float32Array {
  const counts = new Float32Array(batch.rows);
  for (let r = 0; r < batch.rows; r++) {
    for (let t = 1; t < batch.length; t++) if (batch.labels[r * batch.length + t] >= 0) counts[r]++;
    counts[r] = Math.max(1, counts[r]);
  }
  return counts;
}

/** The reference's log-probabilities filled in, `batchSize` pairs at a time; without gradient. */
export async function withReference(
  config: ModelConfig,
  parameters: ReadonlyMap<string, tf.Tensor>,
  pairs: readonly EncodedPair[],
  batchSize = 8,
): Promise<EncodedPair[]> {
  const result: EncodedPair[] = [];
  for (let at = 0; at < pairs.length; at += batchSize) {
    const part = pairs.slice(at, at + batchSize);
    const batch = pairBatch(part);
    const logps = tf.tidy(() => sequenceLogProbs(config, sourceOf(parameters), batch.tokens));
    const values = await logps.data();
    logps.dispose();
    part.forEach((pair, i) => {
      result.push({ ...pair, reference: { chosen: values[i], rejected: values[part.length + i] } });
    });
  }
  return result;
}

/** Reference log-probabilities as they are kept between runs. */
export interface ReferenceCache {
  readonly key: string;
  readonly chosen: readonly number[];
  readonly rejected: readonly number[];
}

/** Thrown when cached log-probabilities are of another model, tokenizer or data set. */
export class StaleReferenceError extends Error {
  override readonly name = 'StaleReferenceError';
}

/** A key over everything that the log-probabilities depend on: the model's fingerprint and the ids and masks of all pairs, in order. */
export function referenceKey(modelHash: string, pairs: readonly EncodedPair[]): string {
  let low = 0x811c9dc5;
  let high = 0x9e3779b9;
  const mix = (value: number): void => {
    low = Math.imul(low ^ value, 0x01000193);
    high = Math.imul(high ^ (value + 0x7f4a7c15), 0x85ebca6b);
    high ^= high >>> 13;
  };
  const row = ({ ids, mask }: TokenRow): void => {
    mix(ids.length);
    for (let t = 0; t < ids.length; t++) mix(2 * ids[t] + (mask === undefined || mask[t] !== 0 ? 1 : 0));
  };
  for (const c of modelHash) mix(c.charCodeAt(0));
  for (const pair of pairs) {
    row(pair.chosen);
    row(pair.rejected);
  }
  const hex = (x: number): string => (x >>> 0).toString(16).padStart(8, '0');
  return `${hex(high)}${hex(low)}`;
}

/** What to keep for next time. */
export const cacheOf = (key: string, pairs: readonly EncodedPair[]): ReferenceCache => ({
  key,
  chosen: pairs.map((p) => p.reference!.chosen),
  rejected: pairs.map((p) => p.reference!.rejected),
});

/** The pairs with cached log-probabilities; a cache under another key is refused. */
export function fromCache(cache: ReferenceCache, key: string, pairs: readonly EncodedPair[]): EncodedPair[] {
  if (cache.key !== key || cache.chosen.length !== pairs.length)
    throw new StaleReferenceError(
      `reference cache: expected key ${key}, got ${cache.key}: model, tokenizer or data changed`,
    );
  return pairs.map((pair, i) => ({
    ...pair,
    reference: { chosen: cache.chosen[i], rejected: cache.rejected[i] },
  }));
}
