/// <reference lib="esnext.disposable" preserve="true" />
// The caller's side of a model in a worker: what generation, the scheduler and a tokenizer need of a model, over a port.
import type { LanguageModel, ReadRequest, Sequence, TopLogits } from '../../generate/language-model.ts';
import { KvCacheFullError } from '../../kv-cache/kv-cache-error.ts';
import type { LoadProgress } from '../../models/load-parameters.ts';
import type { Adapter } from '../../train/lora/lora.ts';
import { requireAdapter } from '../../train/lora/require-adapter.ts';
import type { CheckpointPlace } from '../../weights/open-checkpoint.ts';
import type { ModelAssets } from '../../weights/weight-file.ts';
import type { Call, FromWorker, ModelFacts, Port, SentOptions } from './messages.ts';
import { createSentAdapters } from './sent-adapters.ts';

/**
 * A model in a worker: `generate`, `generateBatch`, the scheduler and tokenizers take it as they take a `Model`. What needs its tensors on this side (`forward`,
 * hooks, training, snapshots) it does not have.
 */
export interface WorkerModel extends LanguageModel<Sequence> {
  readonly family: string;
  /** Name of the tfjs backend in the worker. */
  readonly backend: string;
  readonly executor: string;
  readonly hash: string;
  readonly weightBytes: number;
  readonly lastPosition: number;
  readonly assets: ModelAssets;
  /** As `step`; of a row whose largest logits decide the draw nothing else is sent over, whatever runs the model. */
  readStep(requests: readonly ReadRequest<Sequence>[]): Promise<(Float32Array | TopLogits | undefined)[]>;
  /**
   * As `Model.useAdapter`, from when the promise has resolved: the adapter's tensors, as they are now, are copied to the worker unless it has them. They stay the caller's. Rejects with the `RangeError`
   * of an adapter that does not fit.
   */
  useAdapter(adapter: Adapter | undefined, sequence?: Sequence): Promise<void>;
  /** Ends the model and its worker; steps under way reject. */
  dispose(): void;
  /** The same, for `using`. */
  [Symbol.dispose](): void;
}

/** A worker that serves a model: its port, how to end it, and its end by an error of its own. */
export interface ModelWorker {
  readonly port: Port;
  terminate(): void;
  readonly failed: Promise<Error>;
}

/** A call that is not answered yet. */
interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
  /** Of a step that reads: whether the largest logits that were found decide the draw of a request. */
  readonly enough?: ((request: number, top: TopLogits) => Promise<boolean>) | undefined;
}

/** Loads `place` in `worker`. On an error the worker is ended. */
export async function connectModel(
  worker: ModelWorker,
  place: CheckpointPlace,
  options: SentOptions,
  { onProgress, signal }: { onProgress?: LoadProgress | undefined; signal?: AbortSignal | undefined },
): Promise<WorkerModel> {
  const waiting = new Map<number, Waiting>();
  let calls = 0;
  let ended: Error | undefined;
  const end = (reason: Error) => {
    ended ??= reason;
    worker.terminate();
    for (const { reject } of waiting.values()) reject(ended);
    waiting.clear();
  };
  const ready = new Promise<void>((resolve, reject) => {
    worker.port.listen((given) => {
      const message = given as FromWorker;
      if (message.kind === 'ready') resolve();
      else if (message.kind === 'progress') onProgress?.(message.loaded, message.total, message.name);
      else if (message.kind === 'top') {
        const { call, request, top } = message;
        const open = waiting.get(call);
        const tell = (enough: boolean | undefined) => worker.port.post({ kind: 'verdict', call, enough });
        open?.enough?.(request, top).then(tell, (error) => {
          open.reject(error);
          tell(undefined);
        });
      } else {
        const open = waiting.get(message.call);
        waiting.delete(message.call);
        if (message.kind === 'answer') open?.resolve(message.value);
        else open?.reject(revived(message));
      }
    });
    void worker.failed.then((error) => {
      reject(error);
      end(error);
    });
  });
  const ask = <T>(call: Call, enough?: Waiting['enough']): Promise<T> =>
    new Promise((resolve, reject) => {
      if (ended !== undefined) {
        reject(ended);
        return;
      }
      calls++;
      waiting.set(calls, { resolve: resolve as (value: unknown) => void, reject, enough });
      worker.port.post({ ...call, call: calls });
    });

  let facts: ModelFacts;
  const abort = () => worker.port.post({ kind: 'abort' });
  try {
    await ready;
    signal?.throwIfAborted();
    signal?.addEventListener('abort', abort);
    facts = await ask<ModelFacts>({
      kind: 'load',
      place: place instanceof URL ? place.href : place,
      isUrl: place instanceof URL,
      options,
    });
  } catch (error) {
    end(error as Error);
    throw signal?.aborted ? signal.reason : error;
  } finally {
    signal?.removeEventListener('abort', abort);
  }

  let named = 0;
  const numbers = new WeakMap<Sequence, number>();
  const numberOf = (sequence: Sequence): number => {
    const found = numbers.get(sequence);
    if (found === undefined) throw new TypeError('sequence: expected a live one of this model');
    return found;
  };
  const adapters = createSentAdapters((adapter) => worker.port.post({ kind: 'forget', adapter }));
  const grow = new WeakMap<Sequence, (ids: ArrayLike<number>) => void>();
  const open = (past: number[], number: number): Sequence => {
    let ids = past;
    const sequence: Sequence = {
      get ids() {
        numberOf(sequence);
        return ids;
      },
      get length() {
        numberOf(sequence);
        return ids.length;
      },
      fork() {
        const from = numberOf(sequence);
        worker.port.post({ kind: 'fork', sequence: ++named, from });
        return open([...ids], named);
      },
      truncate(length) {
        const own = numberOf(sequence);
        if (!Number.isInteger(length) || length < 0 || length > ids.length)
          throw new RangeError(`length: expected an integer from 0 to ${ids.length}, got ${length}`);
        ids = ids.slice(0, length);
        worker.port.post({ kind: 'truncate', sequence: own, length });
      },
      dispose() {
        if (!numbers.has(sequence)) return;
        const own = numberOf(sequence);
        worker.port.post({ kind: 'end', sequence: own });
        numbers.delete(sequence);
        adapters.end(own);
      },
      [Symbol.dispose]() {
        sequence.dispose();
      },
    };
    numbers.set(sequence, number);
    grow.set(sequence, (added) => {
      ids = ids.concat(Array.from(added));
    });
    return sequence;
  };
  const model: WorkerModel = {
    family: facts.family,
    backend: facts.backend,
    executor: facts.executor,
    hash: facts.hash,
    weightBytes: facts.weightBytes,
    vocabSize: facts.vocabSize,
    maxPositions: facts.maxPositions,
    lastPosition: facts.lastPosition,
    eosTokenIds: facts.eosTokenIds,
    assets: {
      format: facts.format,
      file: (name) => ask({ kind: 'file', name }),
      list: (folder) => ask({ kind: 'list', folder }),
      ...(facts.metadata === undefined ? {} : { metadata: facts.metadata }),
    },
    newSequence() {
      if (ended !== undefined) throw ended;
      worker.port.post({ kind: 'new', sequence: ++named });
      return open([], named);
    },
    async step(requests) {
      const sent = requests.map(({ sequence, ids }) => ({
        sequence: numberOf(sequence),
        ids: Int32Array.from(ids),
      }));
      const rows = await ask<Float32Array[]>({ kind: 'step', requests: sent });
      for (const [i, { sequence }] of requests.entries()) grow.get(sequence)?.(sent[i].ids);
      return rows;
    },
    async readStep(requests) {
      const sent = requests.map(({ sequence, ids, read }) => ({
        sequence: numberOf(sequence),
        ids: Int32Array.from(ids),
        read: typeof read === 'object' ? read.count : read,
      }));
      const shown = new Map<number, TopLogits>();
      const answers = await ask<(Float32Array | TopLogits | undefined)[]>(
        { kind: 'read', requests: sent },
        async (request, top) => {
          const { read } = requests[request];
          shown.set(request, top);
          return typeof read === 'object' && read.enough(top);
        },
      );
      for (const [i, { sequence }] of requests.entries()) grow.get(sequence)?.(sent[i].ids);
      // What was shown is what was drawn from: the same object, as without a worker.
      return answers.map((answer, i) => (answer instanceof Float32Array ? answer : (shown.get(i) ?? answer)));
    },
    async useAdapter(adapter, sequence) {
      const own = sequence === undefined ? undefined : numberOf(sequence);
      const sent = adapter === undefined ? undefined : await adapters.numbered(requireAdapter(adapter));
      const call = { kind: 'adapter', adapter: sent?.number, sequence: own, given: sent?.given } as const;
      await adapters.use(sent?.number, own ?? 'model', () => ask(call));
    },
    dispose() {
      end(new TypeError('model: expected a live one, got a disposed one'));
    },
    [Symbol.dispose]() {
      model.dispose();
    },
  };
  return model;
}

/** The worker's error as it was: its name and fields; the one that callers catch by class keeps it. */
function revived({ name, message, fields }: { name: string; message: string; fields: object }): Error {
  if (name === 'KvCacheFullError') {
    const { needed, free, capacity } = fields as KvCacheFullError;
    return new KvCacheFullError(needed, free, capacity);
  }
  const error =
    name === 'RangeError'
      ? new RangeError(message)
      : name === 'TypeError'
        ? new TypeError(message)
        : new Error(message);
  Object.defineProperty(error, 'name', { value: name });
  return error;
}
