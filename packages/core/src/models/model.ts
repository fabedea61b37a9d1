/// <reference lib="esnext.disposable" preserve="true" />
// A loaded decoder on the composite path: parameters as tensors, a paged cache, and the calls everything else is made of: `forward` for whole
// sequences (gradients, hooks), `newSequence` and `step` for generation.

import {
  engine,
  getBackend,
  keep,
  setBackend,
  type Tensor,
  type Tensor3D,
  tidy,
  transpose,
} from '@tensorflow/tfjs-core';
import { checkBackend } from '../backends/choose.ts';
import { toBackendError } from '../backends/errors.ts';
import { checkOptions } from '../check-options.ts';
import type { LanguageModel, ReadRequest, StepRequest } from '../generate/language-model.ts';
import { type Hooks, hooksToTap } from '../hooks/hooks.ts';
import { createKvCache, type KvCache, type KvSequence } from '../kv-cache/kv-cache.ts';
import { createTensorPageStore, type TensorPageStore } from '../kv-cache/tensor-page-store.ts';
import type { PassRequest, StepExecutor } from '../runtime/step-executor.ts';
import type { Adapter } from '../train/lora/lora.ts';
import type { ModelAssets } from '../weights/weight-file.ts';
import { type CompositeStep, compositeStep } from './composite-step.ts';
import { checkIds, type IdRows, toIdTensor } from './id-rows.ts';
import { LazyParameters } from './lazy-parameters.ts';
import { modelAdapters } from './model-adapters.ts';
import { invalidCacheOption, type ModelCacheOptions } from './model-cache-options.ts';
import type { ModelConfig } from './model-config.ts';
import { decode, decodeHidden, finalNorm, head, type WeightSource } from './transformer.ts';
import { wholeSequence } from './whole-sequence.ts';

/** Options of `forward`. */
export interface ForwardOptions {
  /** Functions at named points that see an activation and may answer another in its place. */
  readonly hooks?: Hooks;
  /** Tokens of each row, when rows are padded on the right. */
  readonly lengths?: readonly number[];
}

/** A decoder with its weights. */
export interface Model extends LanguageModel<KvSequence> {
  readonly config: ModelConfig;
  /** Name of the family, such as `llama`. */
  readonly family: string;
  /** Name of the tfjs backend that holds the weights. */
  readonly backend: string;
  readonly assets: ModelAssets;
  /** Fingerprint of configuration and weights, written into snapshots. */
  readonly hash: string;
  /** True when activations are rounded to integers on the way (fused executors on packed weights): logits are then close, not equal. */
  readonly quantizesActivations: boolean;
  /** What runs sequences: `composite` (stock tfjs ops) or a fused executor by name. `forward` and `hidden` are always composite. */
  readonly executor: string;
  /** Bytes of the weights as they lie in memory. */
  readonly weightBytes: number;
  /** Tensors of the checkpoint that the model did not use. */
  readonly unusedTensors: readonly string[];
  /** The parameters by name, shaped as `listParameters` says; owned by the model. */
  readonly parameters: ReadonlyMap<string, Tensor>;
  readonly cache: KvCache;
  /** ids [B, T] -> logits [B, T, V], without cache, differentiable. The caller disposes the result. */
  forward(ids: IdRows, options?: ForwardOptions): Tensor3D;
  /** ids [B, T] -> hidden states after the final norm [B, T, C]. The caller disposes the result. */
  hidden(ids: IdRows, options?: ForwardOptions): Tensor3D;
  /** Hidden states after the final norm [..., C], or with `residual` a point of the residual stream -> logits [..., V]. The caller disposes the result. */
  unembed<T extends Tensor>(hidden: T, options?: { readonly residual?: boolean }): T;
  /**
   * Lays an adapter beside the weights from the next call on, or with `undefined` takes it away; the base is not touched and the adapter's tensors stay the caller's.
   *
   * With a sequence, for that sequence alone (its forks take it over when they are given it too); without, for `forward`, `hidden` and every sequence that has none of its own. Sequences of one step may
   * have different ones, whatever the executor; a fused one packs a copy when a pass first needs it, and again when the adapter's tensors are replaced.
   */
  useAdapter(adapter: Adapter | undefined, sequence?: KvSequence): void;
  /** Puts other values into a parameter; the model takes ownership of the tensor. */
  setParameter(name: string, value: Tensor): void;
  /** A sequence from the bytes of its `snapshot()`. */
  restoreSequence(bytes: Uint8Array): KvSequence;
  /** Frees every tensor. Sequences end with it. */
  dispose(): void;
  /** The same, for `using`. */
  [Symbol.dispose](): void;
}

/** What `createModel` puts together. */
export interface ModelParts {
  readonly config: ModelConfig;
  readonly parameters: Map<string, Tensor>;
  readonly assets: ModelAssets;
  readonly hash: string;
  readonly unusedTensors?: readonly string[];
  readonly cache?: ModelCacheOptions;
  /** Runs sequences in place of the composite path; the model owns it from here on. */
  readonly executor?: StepExecutor;
}

const known = ['config', 'parameters', 'assets', 'hash', 'unusedTensors', 'cache', 'executor'];

/** A model over parameters that lie on the current backend; it owns them from here on. */
export function createModel(parts: ModelParts): Model {
  checkOptions(parts, known, 'createModel');
  const { config, parameters, assets, hash, unusedTensors = [], cache = {}, executor } = parts;
  const {
    cacheTokens = 4 * Math.max(config.maxPositions, 1024),
    pageSize = 32,
    window,
    sinks = 0,
    prefillChunk = 512,
    dtype = 'float32',
  } = cache;
  const invalid = invalidCacheOption(
    cache,
    { cacheTokens, pageSize, prefillChunk, window, sinks, dtype },
    executor?.store.dtype ?? 'float32',
  );
  if (invalid !== undefined) {
    disposeAll(parameters);
    executor?.dispose();
    throw new RangeError(invalid);
  }
  const backend = getBackend();
  const store: TensorPageStore = createTensorPageStore({
    layers: config.numLayers,
    groups: config.numKeyValueHeads,
    pageSize,
    headDim: config.headDim,
  });
  const kv = createKvCache(executor?.store ?? store, {
    capacity: Math.ceil(cacheTokens / pageSize),
    window: narrowest(config, window),
    sinks,
    modelHash: hash,
  });
  const bidirectional = !config.attention.causal;
  let disposed = false;
  const use = () => {
    if (disposed) throw new TypeError('model: expected a live one, got a disposed one');
    // Another model may have switched backends since; the call is synchronous for one that has started.
    if (getBackend() !== backend) void setBackend(backend);
  };

  // A tied head is the transposed table; these backends multiply several times faster without the transpose flag.
  const turnsHead = config.head.tied && ['cpu', 'wasm', 'simd', 'webgpu'].includes(backend);
  let turned: Tensor | undefined;
  const weights: WeightSource = {
    has: (name) => parameters.has(name),
    get(name) {
      const found = parameters.get(name);
      if (found === undefined) throw new RangeError(`parameter: expected one of the model, got ${name}`);
      return found;
    },
  };
  const inference: WeightSource = {
    has: (name) => (name === 'head.weight' && turnsHead) || parameters.has(name),
    get(name) {
      if (name !== 'head.weight' || !turnsHead) return weights.get(name);
      turned ??= keep(transpose(weights.get('embedding.weight')));
      return turned;
    },
  };

  const adapters = modelAdapters(config);
  // Under a gradient the head must be computed from the table itself.
  const source = () => adapters.beside(engine().state.gradientDepth > 0 ? weights : inference);
  const composite: CompositeStep = {
    ...{ config, kv, store, window, sinks, prefillChunk },
    weightsFor: (sequences) => adapters.besideEach(inference, sequences),
    headWeights: inference,
  };

  // All requests in one pass, whatever their numbers of ids: rows of tokens carry their own positions and pages.
  const runFused = async <R extends StepRequest<KvSequence>, T>(
    requests: readonly R[],
    run: (passes: (R & PassRequest)[]) => Promise<T>,
  ): Promise<T> => {
    const reservations = kv.reserve(
      requests.map((r) => r.sequence),
      requests.map((r) => r.ids.length),
    );
    try {
      const results = await run(
        requests.map((request, i) => ({
          ...request,
          reservation: reservations[i],
          adapter: adapters.of(request.sequence),
        })),
      );
      reservations.forEach((reservation, i) => {
        reservation.commit(requests[i].ids);
      });
      return results;
    } catch (error) {
      for (const reservation of reservations) reservation.cancel();
      throw toBackendError(error);
    }
  };

  const check = (requests: readonly StepRequest<KvSequence>[]) => {
    for (const { sequence, ids } of requests) {
      if (ids.length === 0) throw new RangeError('ids: expected at least one, got none');
      checkIds(ids, config.vocabSize);
      checkLength(config, sequence.length + ids.length);
    }
  };
  const readers =
    executor?.runAndRead === undefined
      ? {}
      : {
          async readStep(requests: readonly ReadRequest<KvSequence>[]) {
            use();
            check(requests);
            return runFused(requests, executor.runAndRead as NonNullable<StepExecutor['runAndRead']>);
          },
        };

  const model: Model = {
    ...readers,
    config,
    family: config.family,
    backend,
    assets,
    hash,
    quantizesActivations: executor?.quantizesActivations ?? false,
    executor: executor?.name ?? 'composite',
    get weightBytes() {
      return executor?.weightBytes ?? [...parameters.values()].reduce((sum, { size }) => sum + size * 4, 0);
    },
    unusedTensors,
    parameters,
    cache: kv,
    vocabSize: config.vocabSize,
    maxPositions: config.maxPositions,
    lastPosition: config.embedding.learnedPositions ? config.maxPositions : Number.POSITIVE_INFINITY,
    eosTokenIds: config.eosTokenIds,
    forward(ids, options = {}) {
      checkOptions(options, ['hooks', 'lengths'], 'forward');
      const { hooks, lengths } = options;
      use();
      return tidy(() => {
        const rows = toIdTensor(ids, config.vocabSize);
        checkLength(config, rows.shape[1]);
        const context = wholeSequence(rows.shape[0], rows.shape[1], { bidirectional, lengths });
        return decode(config, source(), rows, context, { tap: hooksToTap(hooks, config) });
      });
    },
    hidden(ids, options = {}) {
      checkOptions(options, ['hooks', 'lengths'], 'hidden');
      const { hooks, lengths } = options;
      use();
      return tidy(() => {
        const rows = toIdTensor(ids, config.vocabSize);
        checkLength(config, rows.shape[1]);
        const context = wholeSequence(rows.shape[0], rows.shape[1], { bidirectional, lengths });
        return decodeHidden(config, source(), rows, context, { tap: hooksToTap(hooks, config) });
      });
    },
    unembed<T extends Tensor>(hidden: T, options: { readonly residual?: boolean } = {}): T {
      checkOptions(options, ['residual'], 'unembed');
      const { residual = false } = options;
      use();
      return tidy(() => head(config, source(), residual ? finalNorm(config, weights, hidden) : hidden)) as T;
    },
    useAdapter(next, sequence) {
      use();
      const old = adapters.use(next, sequence);
      kv.weightsChanged(sequence);
      if (old !== undefined && old !== next) executor?.forgetAdapter(old);
    },
    setParameter(name, value) {
      const old = weights.get(name);
      if (old.shape.join() !== value.shape.join()) {
        throw new RangeError(`${name}: expected shape [${old.shape}], got [${value.shape}]`);
      }
      if (old !== value) old.dispose();
      parameters.set(name, keep(value));
      kv.weightsChanged();
      if (executor?.replaceTensor !== undefined) executor.replaceTensor(name, value);
      else executor?.replace(name, value.dataSync() as Float32Array);
      if (name === 'embedding.weight') {
        turned?.dispose();
        turned = undefined;
      }
    },
    newSequence() {
      use();
      if (bidirectional || !config.head.present) {
        throw new TypeError(
          `newSequence: expected a model that generates, got ${config.family} without head`,
        );
      }
      return kv.newSequence();
    },
    restoreSequence(bytes) {
      use();
      return kv.restore(bytes);
    },
    async step(requests) {
      use();
      check(requests);
      if (executor !== undefined) return runFused(requests, (passes) => executor.run(passes));
      const before = requests.map((r) => r.sequence.length);
      try {
        const results = await compositeStep(composite, requests);
        // A GPU reports its errors late and leaves zeros behind: better no logits than wrong ones.
        checkBackend(backend);
        return results;
      } catch (error) {
        requests.forEach(({ sequence }, i) => {
          if (sequence.length > before[i]) sequence.truncate(before[i]);
        });
        throw toBackendError(error);
      }
    },
    dispose() {
      if (disposed) return;
      kv.dispose();
      executor?.dispose();
      disposeAll(parameters);
      turned?.dispose();
      disposed = true;
    },
    [Symbol.dispose]: () => model.dispose(),
  };
  return model;
}

function disposeAll(parameters: Map<string, Tensor>): void {
  if (parameters instanceof LazyParameters) parameters.disposeMade();
  else for (const parameter of parameters.values()) parameter.dispose();
}

/** The window outside of which no layer sees anything. */
function narrowest(config: ModelConfig, window: number | undefined): number | undefined {
  const widest = Math.max(...config.layers.map((layer) => layer.window ?? Number.POSITIVE_INFINITY));
  const seen = Math.min(widest, window ?? Number.POSITIVE_INFINITY);
  return Number.isFinite(seen) ? seen : undefined;
}

/** Learned positions end; rotary ones and biases go on, if less and less well. */
function checkLength(config: ModelConfig, length: number): void {
  if (config.embedding.learnedPositions && length > config.maxPositions) {
    throw new RangeError(`length: expected at most ${config.maxPositions} positions, got ${length}`);
  }
}
