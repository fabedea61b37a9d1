// The plan on the SIMD machine. Each plan step becomes a few instructions over fixed buffers; the whole pass of T rows is one program, built once for
// each T and run with one call. The host does what is cheap and irregular: embedding rows, tables of positions, routing of experts.

import type { SimdBackend } from '../../backends/simd/simd-backend.ts';
import type { CacheDtype } from '../../kv-cache/page-store.ts';
import type { ModelConfig } from '../../models/model-config.ts';
import { type AdapterSpan, adapterSpans, createAdapterCache } from '../adapter-cache.ts';
import { compilePlan, type EmbedStep, type HeadStep, type MlpStep } from '../plan.ts';
import type { ReadPassRequest, StepExecutor } from '../step-executor.ts';
import { Emitter, type EmitterAdapters } from './emitter.ts';
import { freeAdapter, type PackedAdapter, packAdapter } from './packed-adapter.ts';
import { logitRows } from './packed-layout.ts';
import type { PackedParameters } from './packed-parameters.ts';
import { type Activations, createPassBuffers } from './pass-buffers.ts';
import { createPassTables, type PassRow } from './pass-tables.ts';
import { routeExperts } from './route-experts.ts';
import { createSimdPageStore } from './simd-page-store.ts';
import { createStepEmitter } from './step-emitter.ts';

/** Options of `createSimdExecutor`. */
export interface SimdExecutorOptions {
  readonly pageSize: number;
  /** Rows of tokens in one pass; longer prompts take several. Default 256. */
  readonly maxRows?: number;
  /** Attend to this many latest tokens only. */
  readonly window?: number;
  /** With a window: first tokens that stay visible. */
  readonly sinks?: number;
  /** How keys and values are kept. Default `float32`. */
  readonly cacheDtype?: CacheDtype;
  /** How activations meet 4-bit weights when there are several rows. Default `int16`. */
  readonly activations?: Activations;
}

interface Pass {
  /** Programs, with the layers whose experts the host routes between them. */
  readonly segments: readonly (Int32Array | MlpStep)[];
}

/** An executor over packed parameters; it owns its buffers, the parameters stay the caller's to dispose. */
export function createSimdExecutor(
  backend: SimdBackend,
  config: ModelConfig,
  parameters: PackedParameters,
  {
    pageSize,
    maxRows = 256,
    window = 0,
    sinks = 0,
    cacheDtype = 'float32',
    activations: precision = 'int16',
  }: SimdExecutorOptions,
): StepExecutor {
  const { heap } = backend.machine;
  const plan = compilePlan(config);
  const { hiddenSize: C, numKeyValueHeads: groups, headDim, vocabSize: V } = config;
  const store = createSimdPageStore(
    heap,
    { layers: config.numLayers, groups, pageSize, headDim },
    cacheDtype,
  );
  const buffers = createPassBuffers(backend, config, parameters, {
    maxRows,
    pageSize,
    cacheDtype,
    precision,
  });
  const { x, n, y2, wide, picked, logits, router, place } = buffers;
  const embed = plan[0] as EmbedStep;
  const head = plan[plan.length - 1] as HeadStep;
  const embedded = embed.projection ? wide : x;
  const tables = createPassTables(heap, config, parameters, store, embed, embedded, maxRows);
  const steps = createStepEmitter(config, parameters, buffers, tables, store, { window, sinks });

  const floats = (at: number, count: number) => new Float32Array(heap.memory.buffer, at, count);
  const passes = new Map<string, Pass>();
  const headPrograms = new Map<number, Int32Array>();

  const adapters = createAdapterCache<PackedAdapter>(
    (adapter) => packAdapter(heap, adapter),
    (packed) => freeAdapter(heap, packed),
  );
  // Room for the terms of a pass: taken when the first adapter is used, and again for a larger one.
  let room = { rank: 0, width: 0, low: 0, term: 0 };
  const withRoom = (spans: readonly AdapterSpan<PackedAdapter>[]): EmitterAdapters | undefined => {
    if (spans.length === 0) return undefined;
    const rank = Math.max(room.rank, ...spans.map(({ adapter }) => adapter.rank));
    const width = Math.max(room.width, ...spans.map(({ adapter }) => adapter.width));
    if (rank > room.rank || width > room.width) {
      for (const at of [room.low, room.term]) if (at !== 0) heap.free(at);
      room = {
        rank,
        width,
        low: heap.allocate(maxRows * rank * 4),
        term: heap.allocate(maxRows * width * 4),
      };
      passes.clear(); // programs hold the old addresses
    }
    return { spans, low: room.low, term: room.term };
  };

  // Where nothing is read, the last layer's keys and values are all that is left to make.
  const lastAppend = plan.findLastIndex(({ op }) => op === 'qkv');

  function passOf(T: number, read: boolean, beside: EmitterAdapters | undefined): Pass {
    const key = [T, read, ...(beside?.spans.map(spanKey) ?? [])].join(' ');
    const known = passes.get(key);
    if (known !== undefined) return known;
    const e = new Emitter(place, T, x, beside);
    for (const step of read ? plan : plan.slice(0, lastAppend + 1)) {
      if (step.op === 'embed') {
        if (step.projection) e.linears(wide, T, [{ name: 'embeddingProjection', out: x, bias: false }]);
        if (step.norm !== undefined) e.normInPlace(x, T, C, step.norm.config, step.norm.name);
      } else if (step.op !== 'head') steps.emitStep(e, step, T);
    }
    if (read) e.normStream(undefined, undefined);
    e.cut();
    // Prompts come in all lengths; keep the programs of a few, and those of one token.
    if (passes.size >= 32) passes.delete([...passes.keys()].find((known) => known !== '1 true') as string);
    passes.set(key, { segments: e.segments });
    return { segments: e.segments };
  }

  function headProgram(rows: number): Int32Array {
    const known = headPrograms.get(rows);
    if (known !== undefined) return known;
    const e = new Emitter(place, rows, picked);
    let input = e.input(head.norm);
    if (head.projection) {
      e.linears(input, rows, [{ name: 'headProjection', out: wide, bias: false }]);
      input = wide;
    }
    const matrix = head.tied ? { matrix: parameters.matrix('embedding.weight') } : {};
    e.linears(input, rows, [{ name: 'head', out: logits, bias: head.bias, ...matrix }]);
    e.cut();
    const words = e.segments[0] as Int32Array;
    headPrograms.set(rows, words);
    return words;
  }

  /** Routes each row of n to its experts and leaves the weighted sum in y2. */
  function runExperts(step: MlpStep, T: number, beside: EmitterAdapters | undefined): void {
    const { count, perToken, normalize } = config.experts as NonNullable<ModelConfig['experts']>;
    const at = `layers.${step.layer}.experts`;
    const route = new Emitter(place, T, x, beside);
    route.linears(n, T, [{ name: `${at}.router`, out: router, bias: false }]);
    route.cut();
    backend.machine.run(route.segments[0] as Int32Array);
    const input = floats(n.at, T * C).slice();
    const sums = new Float32Array(T * C);
    const scores = floats(router.at, T * count).slice();
    for (const { expert, rows } of routeExperts(scores, count, perToken, normalize)) {
      const gathered = floats(n.at, rows.length * C);
      rows.forEach(({ row }, r) => {
        gathered.set(input.subarray(row * C, (row + 1) * C), r * C);
      });
      const own = beside?.spans ?? [];
      const spans = adapterSpans(
        rows.map(({ row }) => own.find(({ from, to }) => row >= from && row < to)?.adapter),
      );
      const e = new Emitter(place, rows.length, x, beside && { ...beside, spans });
      steps.emitFeedForward(e, step, `${at}.${expert}`, n, y2, rows.length);
      e.cut();
      backend.machine.run(e.segments[0] as Int32Array);
      const results = floats(y2.at, rows.length * C);
      rows.forEach(({ row, weight }, r) => {
        for (let i = 0; i < C; i++) sums[row * C + i] += weight * results[r * C + i];
      });
    }
    floats(n.at, T * C).set(input);
    floats(y2.at, T * C).set(sums);
  }

  function runLogits(wanted: readonly number[]): Float32Array[] {
    const results: Float32Array[] = [];
    for (let from = 0; from < wanted.length; from += logitRows) {
      const rows = wanted.slice(from, from + logitRows);
      rows.forEach((row, i) => {
        floats(picked.at + i * C * 4, C).set(floats(x.at + row * C * 4, C));
      });
      backend.machine.run(headProgram(rows.length));
      rows.forEach((_, i) => {
        const row = floats(logits.at + i * V * 4, V).slice();
        if (head.scale !== 1) for (let j = 0; j < V; j++) row[j] *= head.scale;
        if (head.softcap !== undefined)
          for (let j = 0; j < V; j++) row[j] = head.softcap * Math.tanh(row[j] / head.softcap);
        results.push(row);
      });
    }
    return results;
  }

  async function runRows(requests: readonly ReadPassRequest[]): Promise<(Float32Array | undefined)[]> {
    const lengths = requests.map(({ ids, reservation }) => reservation.start + ids.length);
    const rows: PassRow[] = requests.flatMap(({ ids, reservation, read }, request) =>
      Array.from({ length: ids.length }, (_, t) => ({
        id: ids[t],
        position: reservation.start + t,
        request,
        wanted: t === ids.length - 1 && read !== 'nothing',
      })),
    );
    const packed = requests.map(({ adapter }) => adapter && adapters.get(adapter));
    const results = new Array<Float32Array | undefined>(requests.length);
    for (let from = 0; from < rows.length; from += maxRows) {
      const part = rows.slice(from, from + maxRows);
      const wanted = part.flatMap((row, i) => (row.wanted ? [i] : []));
      tables.write(part, requests, lengths);
      const beside = withRoom(adapterSpans(part.map(({ request }) => packed[request])));
      for (const segment of passOf(part.length, wanted.length > 0, beside).segments) {
        if (segment instanceof Int32Array) backend.machine.run(segment);
        else runExperts(segment, part.length, beside);
      }
      runLogits(wanted).forEach((row, i) => {
        results[part[wanted[i]].request] = row;
      });
      if (from + maxRows < rows.length) await new Promise<void>((resolve) => setTimeout(resolve, 0));
    }
    return results;
  }

  /** Rows are at hand in the shared memory: whoever wants the largest logits is given the row. */
  async function runAndRead(requests: readonly ReadPassRequest[]): Promise<(Float32Array | undefined)[]> {
    adapters.begin();
    try {
      return await runRows(requests);
    } finally {
      adapters.end();
    }
  }

  return {
    name: 'simd',
    store,
    get quantizesActivations() {
      return parameters.hasIntegers;
    },
    get weightBytes() {
      return parameters.bytes;
    },
    run: (requests) =>
      runAndRead(requests.map((request) => ({ ...request, read: 'row' }))) as Promise<Float32Array[]>,
    runAndRead,
    forgetAdapter: (adapter) => adapters.forget(adapter),
    replace(name, values) {
      parameters.replace(name, values);
      passes.clear();
      headPrograms.clear();
    },
    parameter: (name) => parameters.values(name),
    dispose() {
      store.dispose();
      adapters.dispose();
      for (const at of [room.low, room.term]) if (at !== 0) heap.free(at);
      buffers.dispose();
      tables.dispose();
      parameters.dispose();
    },
  };
}

const spanKey = ({ from, to, adapter }: AdapterSpan<PackedAdapter>): string => `${from}-${to}:${adapter.id}`;
