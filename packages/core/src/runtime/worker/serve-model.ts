// The worker's side: loads one model and does what it is told, one message after the other.
import { dispose, tensor } from '@tensorflow/tfjs-core';
import type { TopLogits } from '../../generate/language-model.ts';
import type { KvSequence } from '../../kv-cache/kv-cache.ts';
import { loadHere } from '../../models/load-here.ts';
import type { Model } from '../../models/model.ts';
import type { Adapter } from '../../train/lora/lora.ts';
import type { InTurn, ModelFacts, Port, SentAdapter, ToWorker } from './messages.ts';
import { readRows } from './read-rows.ts';

/** Serves one model over `port` until it is disposed. */
export function serveModel(port: Port): void {
  let model: Model | undefined;
  const sequences = new Map<number, KvSequence>();
  const adapters = new Map<number, Adapter>();
  const stop = new AbortController();
  const live = (): Model => {
    if (model === undefined) throw new TypeError('model: expected a loaded one, got none');
    return model;
  };
  const sequenceOf = (id: number): KvSequence => {
    const found = sequences.get(id);
    if (found === undefined) throw new TypeError('sequence: expected a live one, got a disposed one');
    return found;
  };

  const known = (number: number): Adapter => {
    const found = adapters.get(number);
    if (found === undefined) throw new TypeError('adapter: expected one that is here, got a forgotten one');
    return found;
  };
  let judge: ((enough: boolean | undefined) => void) | undefined;
  /** Asks the caller whether these decide the draw. */
  const enough = (call: number, request: number, top: TopLogits): Promise<boolean> =>
    new Promise((resolve, reject) => {
      judge = (verdict) => {
        judge = undefined;
        if (verdict === undefined) reject(new Error('enough: expected an answer, it failed'));
        else resolve(verdict);
      };
      port.post({ kind: 'top', call, request, top });
    });

  async function answer(message: InTurn): Promise<{ value?: unknown; transfer?: ArrayBuffer[] }> {
    switch (message.kind) {
      case 'load': {
        const place = message.isUrl ? new URL(message.place as string) : message.place;
        model = await loadHere(place, {
          ...message.options,
          signal: stop.signal,
          onProgress: (loaded, total, name) => port.post({ kind: 'progress', loaded, total, name }),
        });
        return { value: facts(model) };
      }
      case 'step': {
        const requests = message.requests.map(({ sequence, ids }) => ({
          sequence: sequenceOf(sequence),
          ids,
        }));
        const rows = await live().step(requests);
        return { value: rows, transfer: rows.map((row) => row.buffer as ArrayBuffer) };
      }
      case 'read': {
        const requests = message.requests.map(({ sequence, ids, read }, i) => ({
          sequence: sequenceOf(sequence),
          ids,
          read:
            typeof read === 'number'
              ? { count: read, enough: (top: TopLogits) => enough(message.call, i, top) }
              : read,
        }));
        const value = await readRows(live(), requests);
        const transfer = value.flatMap((row) =>
          row instanceof Float32Array ? [row.buffer as ArrayBuffer] : [],
        );
        return { value, transfer };
      }
      case 'adapter': {
        const { adapter, sequence, given } = message;
        const next =
          given !== undefined ? adapterOf(given) : adapter === undefined ? undefined : known(adapter);
        try {
          live().useAdapter(next, sequence === undefined ? undefined : sequenceOf(sequence));
        } catch (error) {
          if (given !== undefined) dispose([...(next as Adapter).tensors.values()]);
          throw error;
        }
        if (given !== undefined) adapters.set(adapter as number, next as Adapter);
        return {};
      }
      case 'file':
        return { value: await live().assets.file(message.name) };
      case 'list':
        return { value: await live().assets.list?.(message.folder) };
      case 'dispose':
        model?.dispose();
        model = undefined;
        return {};
      case 'new':
        sequences.set(message.sequence, live().newSequence());
        return {};
      case 'fork':
        sequences.set(message.sequence, sequenceOf(message.from).fork());
        return {};
      case 'truncate':
        sequenceOf(message.sequence).truncate(message.length);
        return {};
      case 'end':
        sequences.get(message.sequence)?.dispose();
        sequences.delete(message.sequence);
        return {};
      case 'forget':
        dispose([...(adapters.get(message.adapter)?.tensors.values() ?? [])]);
        adapters.delete(message.adapter);
        return {};
    }
  }

  let last: Promise<void> = Promise.resolve();
  port.listen((given) => {
    const message = given as ToWorker;
    // Before their turn: what runs now waits for the one and is ended by the other.
    if (message.kind === 'verdict') {
      judge?.(message.enough);
      return;
    }
    if (message.kind === 'abort') {
      stop.abort();
      return;
    }
    last = last.then(async () => {
      const call = 'call' in message ? message.call : undefined;
      try {
        const { value, transfer } = await answer(message);
        if (call !== undefined) port.post({ kind: 'answer', call, value }, transfer);
      } catch (error) {
        // What was only told fails where the next step needs it.
        if (call === undefined) return;
        const { name, message: text } = error as Error;
        port.post({ kind: 'failure', call, name, message: text, fields: { ...(error as object) } });
      }
    });
  });
  port.post({ kind: 'ready' });
}

const adapterOf = ({ lora, tensors }: SentAdapter): Adapter => ({
  lora,
  tensors: new Map(tensors.map(({ name, shape, values }) => [name, tensor(values, [...shape], 'float32')])),
});

const facts = (model: Model): ModelFacts => ({
  family: model.family,
  backend: model.backend,
  executor: model.executor,
  hash: model.hash,
  vocabSize: model.vocabSize,
  maxPositions: model.maxPositions,
  lastPosition: model.lastPosition ?? model.maxPositions,
  eosTokenIds: model.eosTokenIds,
  weightBytes: model.weightBytes,
  format: model.assets.format,
  ...(model.assets.metadata === undefined ? {} : { metadata: model.assets.metadata }),
});
