// Texts or ids to vectors: hidden states of a text encoder (or of a decoder), pooled to one vector a text. Batched by length, so that hardly
// anything is computed on padding.

import { tidy } from '@tensorflow/tfjs-core';
import { checkOptions } from '../check-options.ts';
import { nextTurn } from '../generate/next-turn.ts';
import type { TokenCodec } from '../generate/token-seams.ts';
import { checkHasActivations } from './has-activations.ts';
import type { Model } from './model.ts';

/** How the tokens' vectors become one: their mean, the first one's, or the last one's. */
export type Pooling = 'mean' | 'cls' | 'last';

/** Options of `embed`. */
export interface EmbedOptions {
  /** Needed for texts; `encode` adds the model's own special tokens. */
  readonly codec?: Pick<TokenCodec, 'encode'>;
  /** Default `mean` for encoders, `last` for causal models. */
  readonly pooling?: Pooling;
  /** Scale to length 1; default true. */
  readonly normalize?: boolean;
  /** Texts a pass; default 16. */
  readonly batchSize?: number;
  /** Cut texts that are longer than the model's positions, instead of throwing. */
  readonly truncate?: boolean;
  readonly signal?: AbortSignal;
  /** Texts done, texts in all. */
  readonly onProgress?: (done: number, total: number) => void;
}

const known = ['codec', 'pooling', 'normalize', 'batchSize', 'truncate', 'signal', 'onProgress'];

/**
 * One vector [C] a text, in the order of the texts.
 *
 * @example
 * ```ts
 * import { embed, loadModel } from '@ashlar/core';
 * using model = await loadModel('conformance/cases/models/gpt2-scales', { backend: 'cpu' });
 * const [one, two] = await embed(model, [[3, 1, 4], [3, 1, 4, 1]], { pooling: 'mean' });
 * one.length // => 32
 * Math.round(one.reduce((sum, x) => sum + x * x, 0) * 1e6) / 1e6 // => 1
 * two.length // => 32
 * ```
 * @throws {RangeError} for an empty text or, without `truncate`, one that is longer than the model's positions
 */
export async function embed(
  model: Model,
  texts: readonly (string | ArrayLike<number>)[],
  options: EmbedOptions = {},
): Promise<Float32Array[]> {
  checkOptions(options, known, 'embed');
  checkHasActivations(model, 'embed');
  if (!Array.isArray(texts)) throw new TypeError(`texts: expected a list of texts, got ${typeof texts}`);
  const {
    pooling = model.config.attention.causal ? 'last' : 'mean',
    normalize = true,
    batchSize = 16,
  } = options;
  if (!['mean', 'cls', 'last'].includes(pooling)) {
    throw new RangeError(`pooling: expected mean, cls or last, got ${JSON.stringify(pooling)}`);
  }
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new RangeError(`batchSize: expected an integer >= 1, got ${batchSize}`);
  }
  const encoded = texts.map((text, i) => ({ i, ids: encode(model, text, i, options) }));
  encoded.sort((a, b) => a.ids.length - b.ids.length);
  const result = new Array<Float32Array>(texts.length);
  for (let from = 0; from < encoded.length; from += batchSize) {
    options.signal?.throwIfAborted();
    const batch = encoded.slice(from, from + batchSize);
    const vectors = await embedBatch(
      model,
      batch.map(({ ids }) => ids),
      pooling,
    );
    vectors.forEach((vector, k) => {
      result[batch[k].i] = normalize ? toUnitLength(vector) : Float32Array.from(vector);
    });
    options.onProgress?.(Math.min(from + batchSize, texts.length), texts.length);
    await nextTurn();
  }
  return result;
}

function encode(
  model: Model,
  text: string | ArrayLike<number>,
  i: number,
  { codec, truncate = false }: EmbedOptions,
): number[] {
  if (typeof text === 'string' && codec === undefined) {
    throw new TypeError(`texts[${i}]: expected ids where there is no codec, got text`);
  }
  const ids = Array.from(
    typeof text === 'string' ? (codec as Pick<TokenCodec, 'encode'>).encode(text) : text,
  );
  if (ids.length === 0) throw new RangeError(`texts[${i}]: expected at least one id, got none`);
  if (ids.length > model.maxPositions) {
    if (!truncate)
      throw new RangeError(`texts[${i}]: expected at most ${model.maxPositions} ids, got ${ids.length}`);
    // The last id is a separator that the model expects at the end.
    return [...ids.slice(0, model.maxPositions - 1), ids[ids.length - 1]];
  }
  return ids;
}

/** Pooled in float64 on the host: the hidden states of a batch are small next to the pass that made them. */
async function embedBatch(
  model: Model,
  rows: readonly number[][],
  pooling: Pooling,
): Promise<Float64Array[]> {
  const longest = Math.max(...rows.map((row) => row.length));
  const pad = model.config.padTokenId ?? 0;
  const padded = rows.map((row) => [...row, ...new Array<number>(longest - row.length).fill(pad)]);
  const lengths = rows.map((row) => row.length);
  const hidden = tidy(() => model.hidden(padded, { lengths }));
  const values = (await hidden.data()) as Float32Array;
  hidden.dispose();
  const size = model.config.hiddenSize;
  return rows.map((row, b) => {
    const first = pooling === 'last' ? row.length - 1 : 0;
    const last = pooling === 'cls' ? 0 : row.length - 1;
    const vector = new Float64Array(size);
    for (let t = first; t <= last; t++) {
      const at = (b * longest + t) * size;
      for (let c = 0; c < size; c++) vector[c] += values[at + c] / (last - first + 1);
    }
    return vector;
  });
}

function toUnitLength(vector: Float64Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
  return Float32Array.from(vector, (x) => (length > 0 ? x / length : 0));
}
