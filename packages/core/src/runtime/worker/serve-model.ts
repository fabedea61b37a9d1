// The worker's side: loads one model and does what it is told, one message after the other.
import type { KvSequence } from '../../kv-cache/kv-cache.ts';
import { loadModel } from '../../models/load-model.ts';
import type { Model } from '../../models/model.ts';
import type { ModelFacts, Port, ToWorker } from './messages.ts';

/** Serves one model over `port` until it is disposed. */
export function serveModel(port: Port): void {
  let model: Model | undefined;
  const sequences = new Map<number, KvSequence>();
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

  async function answer(message: ToWorker): Promise<{ value?: unknown; transfer?: ArrayBuffer[] }> {
    switch (message.kind) {
      case 'load': {
        const place = message.isUrl ? new URL(message.place as string) : message.place;
        model = await loadModel(place, {
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
      case 'file':
        return { value: await live().assets.file(message.name) };
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
      case 'abort':
        return {};
    }
  }

  let last: Promise<void> = Promise.resolve();
  port.listen((given) => {
    const message = given as ToWorker;
    if (message.kind === 'abort') stop.abort(); // before its turn: what runs now is what it ends
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
