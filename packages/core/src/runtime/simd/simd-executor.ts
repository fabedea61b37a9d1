// The plan on the SIMD machine. Each plan step becomes a few instructions over fixed buffers; the whole pass of T rows is one program, built once for
// each T and run with one call. The host does what is cheap and irregular: embedding rows, tables of positions, routing of experts.

import { elementwiseKinds, floatBits } from '../../backends/simd/program.ts';
import type { SimdBackend } from '../../backends/simd/simd-backend.ts';
import type { CacheDtype } from '../../kv-cache/page-store.ts';
import type { Activation, ModelConfig } from '../../models/model-config.ts';
import { alibiSlopes } from '../../ops/attention-mask.ts';
import { type AdapterSpan, adapterSpans, createAdapterCache } from '../adapter-cache.ts';
import {
  compilePlan,
  type EmbedStep,
  type HeadStep,
  type MlpStep,
  type PlanNorm,
  type PlanStep,
} from '../plan.ts';
import type { PassRequest, StepExecutor } from '../step-executor.ts';
import { Emitter, type EmitterAdapters, type EmitterPlace, type RowBuffer } from './emitter.ts';
import { freeAdapter, type PackedAdapter, packAdapter } from './packed-adapter.ts';
import { attentionScratch, logitRows, panelBytes } from './packed-layout.ts';
import type { PackedParameters } from './packed-parameters.ts';
import { createPassTables, type PassRow } from './pass-tables.ts';
import { routeExperts } from './route-experts.ts';
import { createSimdPageStore } from './simd-page-store.ts';

/** Bits of quantised activations: int16 is exact to 2^-16 of a block's largest, int8 what llama.cpp does. */
export type Activations = 'int16' | 'int8';

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

const activations: Readonly<Record<Activation, number>> = {
  silu: 0,
  gelu: 1,
  'gelu-tanh': 2,
  'quick-gelu': 3,
  relu: 4,
  'relu-squared': 5,
};

/** An executor over packed parameters; it owns its buffers, the parameters stay the caller's to dispose. */
export function createSimdExecutor(
  backend: SimdBackend,
  config: ModelConfig,
  parameters: PackedParameters,
  {
    pageSize,
    maxRows = 256,
    window: widest = 0,
    sinks = 0,
    cacheDtype = 'float32',
    activations: precision = 'int16',
  }: SimdExecutorOptions,
): StepExecutor {
  const { heap, threads } = backend.machine;
  const plan = compilePlan(config);
  const { hiddenSize: C, numHeads: H, numKeyValueHeads: G, headDim: d, vocabSize: V } = config;
  const inner = Math.max(config.intermediateSize, config.experts?.intermediateSize ?? 0);
  const widestInput = Math.max(C, H * d, inner, config.embedding.width);
  const shape = { layers: config.numLayers, groups: G, pageSize, headDim: d };
  const store = createSimdPageStore(heap, shape, cacheDtype);
  const owned: number[] = [];
  const allocate = (bytes: number): number => {
    const at = heap.allocate(bytes);
    owned.push(at);
    return at;
  };
  const buffer = (width: number, rows = maxRows): RowBuffer => ({ at: allocate(rows * width * 4), width });
  const x = buffer(C);
  const n = buffer(C);
  const [q, k, v, heads] = [buffer(H * d), buffer(G * d), buffer(G * d), buffer(H * d)];
  const [y, y2] = [buffer(C), buffer(C)];
  const [gate, up] = [buffer(inner), buffer(inner)];
  const wide = buffer(config.embedding.width);
  const picked = buffer(C, logitRows);
  const logits = buffer(V, logitRows);
  const router = buffer(config.experts?.count ?? 1);
  const four = Math.ceil(maxRows / 4) * 4;
  const place: EmitterPlace = {
    parameters,
    normed: n,
    quantized: {
      q: allocate(four * widestInput * 2),
      scales: allocate((maxRows * widestInput) / 8),
      sums: allocate((maxRows * widestInput * 3) / 8),
    },
    ...(precision === 'int8'
      ? { bytes: { q: allocate(four * widestInput), scales: allocate((four * widestInput) / 4) } }
      : {}),
    panelScratch: [allocate(panelBytes * threads), panelBytes],
    gemmScratch: backend.gemmScratch,
  };
  const embed = plan[0] as EmbedStep;
  const head = plan[plan.length - 1] as HeadStep;
  const tables = createPassTables(
    heap,
    config,
    parameters,
    store,
    embed,
    embed.projection ? wide : x,
    maxRows,
  );
  const scratchBytes = attentionScratch(pageSize, d, cacheDtype);
  const scratch = allocate(scratchBytes * threads);
  const slopes = config.attention.alibi ? allocate(H * 4) : 0;
  if (slopes !== 0) new Float32Array(heap.memory.buffer, slopes, H).set(alibiSlopes(H));
  const clip = config.attention.clip;
  const clipAt = clip === undefined ? 0 : allocate(8);
  if (clip !== undefined) new Float32Array(heap.memory.buffer, clipAt, 2).set([clip, -clip]);

  const floats = (at: number, count: number) => new Float32Array(heap.memory.buffer, at, count);
  const passes = new Map<number | string, Pass>();
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

  function emitStep(e: Emitter, step: PlanStep, T: number): void {
    if (step.op === 'qkv') {
      const at = `layers.${step.layer}.attention`;
      const input = e.input(step.norm);
      const parts = [
        { name: `${at}.q`, out: q, bias: step.bias },
        { name: `${at}.k`, out: k, bias: step.bias },
        { name: `${at}.v`, out: v, bias: step.bias },
      ];
      e.linears(input, T, parts);
      if (step.clip !== undefined) {
        for (const { out } of parts) {
          const count = T * out.width;
          const same = [1, 1, 1, count, 0, 0, 0, 1, 0, 0, 0, 0];
          e.emit('elementwise', [elementwiseKinds.min, out.at, clipAt, out.at, ...same]);
          e.emit('elementwise', [elementwiseKinds.max, out.at, clipAt + 4, out.at, ...same]);
        }
      }
      if (step.queryKeyNorm !== undefined) {
        const { scope, norm } = step.queryKeyNorm;
        for (const [data, count, name] of [
          [q, H, `${at}.queryNorm`],
          [k, G, `${at}.keyNorm`],
        ] as const) {
          if (scope === 'full') e.normInPlace(data, T, count * d, norm, name);
          else e.normInPlace(data, T * count, d, norm, name, scope === 'each-head' ? count : 1);
        }
      }
      const turn = step.rope === undefined ? undefined : tables.ropes.get(step.rope);
      if (step.rope !== undefined && turn !== undefined) {
        const words = [d, step.rope.rotaryDim, step.rope.interleaved ? 1 : 0, turn.cos, turn.sin];
        e.emit('rope', [q.at, H * d, T, H, ...words], true);
        e.emit('rope', [k.at, G * d, T, G, ...words]);
      }
      e.emit('append', [
        k.at,
        v.at,
        G * d,
        T,
        tables.rows,
        G,
        d,
        pageSize,
        store.layerOffset(step.layer),
        store.kind,
      ]);
    } else if (step.op === 'attend') {
      const window = Math.min(
        step.window ?? Number.POSITIVE_INFINITY,
        widest > 0 ? widest : Number.POSITIVE_INFINITY,
      );
      const sizes = [T, tables.rows, H, G, d, pageSize, store.layerOffset(step.layer)];
      const view = [Number.isFinite(window) ? window : 0, Number.isFinite(window) ? sinks : 0];
      const scores = [
        floatBits(step.scale),
        floatBits(step.softcap ?? 0),
        slopes,
        scratch,
        scratchBytes,
        store.kind,
      ];
      e.emit('attend', [q.at, H * d, heads.at, ...sizes, ...view, ...scores]);
    } else if (step.op === 'out') {
      e.linears(heads, T, [{ name: `layers.${step.layer}.attention.output`, out: y, bias: step.bias }]);
      finish(e, step, y, T);
    } else if (step.op === 'mlp') {
      const input = step.reuse ? n : e.input(step.norm);
      if (step.experts) {
        if (input !== n) throw new TypeError('plan: expected a norm before experts');
        e.cut(step);
      } else emitFeedForward(e, step, `layers.${step.layer}.mlp`, input, y2, T);
      finish(e, step, y2, T);
    }
  }

  function emitFeedForward(
    e: Emitter,
    step: MlpStep,
    at: string,
    input: RowBuffer,
    out: RowBuffer,
    rows: number,
  ): void {
    const first = step.gated ? [{ name: `${at}.gate`, out: gate, bias: step.bias }] : [];
    e.linears(input, rows, [...first, { name: `${at}.up`, out: up, bias: step.bias }]);
    const width = parameters.matrix(`${at}.up.weight`).rows;
    const sources = step.gated ? [gate.at, up.at] : [up.at, 0];
    e.emit('activate', [...sources, gate.at, rows * width, activations[step.activation]]);
    e.linears(gate, rows, [{ name: `${at}.down`, out, bias: step.bias }]);
  }

  function finish(
    e: Emitter,
    step: { scale: number; postNorm?: PlanNorm; sumNorm?: PlanNorm },
    from: RowBuffer,
    T: number,
  ): void {
    if (step.postNorm !== undefined) e.normInPlace(from, T, C, step.postNorm.config, step.postNorm.name);
    e.add(from, step.scale);
    if (step.sumNorm !== undefined) e.normStream(step.sumNorm, x);
  }

  function passOf(T: number, beside: EmitterAdapters | undefined): Pass {
    const key = beside === undefined ? T : [T, ...beside.spans.map(spanKey)].join(' ');
    const known = passes.get(key);
    if (known !== undefined) return known;
    const e = new Emitter(place, T, x, beside);
    for (const step of plan) {
      if (step.op === 'embed') {
        if (step.projection) e.linears(wide, T, [{ name: 'embeddingProjection', out: x, bias: false }]);
        if (step.norm !== undefined) e.normInPlace(x, T, C, step.norm.config, step.norm.name);
      } else if (step.op !== 'head') emitStep(e, step, T);
    }
    e.normStream(undefined, undefined);
    e.cut();
    // Prompts come in all lengths; keep the programs of a few.
    if (passes.size >= 32) passes.delete([...passes.keys()].find((rows) => rows !== 1) as number);
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
      emitFeedForward(e, step, `${at}.${expert}`, n, y2, rows.length);
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

  async function runRows(requests: readonly PassRequest[]): Promise<Float32Array[]> {
    const lengths = requests.map(({ ids, reservation }) => reservation.start + ids.length);
    const rows: PassRow[] = requests.flatMap(({ ids, reservation }, request) =>
      Array.from({ length: ids.length }, (_, t) => ({
        id: ids[t],
        position: reservation.start + t,
        request,
        last: t === ids.length - 1,
      })),
    );
    const packed = requests.map(({ adapter }) => adapter && adapters.get(adapter));
    const results = new Array<Float32Array>(requests.length);
    for (let from = 0; from < rows.length; from += maxRows) {
      const part = rows.slice(from, from + maxRows);
      tables.write(part, requests, lengths);
      const beside = withRoom(adapterSpans(part.map(({ request }) => packed[request])));
      for (const segment of passOf(part.length, beside).segments) {
        if (segment instanceof Int32Array) backend.machine.run(segment);
        else runExperts(segment, part.length, beside);
      }
      const wanted = part.flatMap((row, i) => (row.last ? [i] : []));
      runLogits(wanted).forEach((row, i) => {
        results[part[wanted[i]].request] = row;
      });
      if (from + maxRows < rows.length) await new Promise<void>((resolve) => setTimeout(resolve, 0));
    }
    return results;
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
    async run(requests) {
      adapters.begin();
      try {
        return await runRows(requests);
      } finally {
        adapters.end();
      }
    },
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
      for (const at of [...owned, room.low, room.term]) if (at !== 0) heap.free(at);
      tables.dispose();
      parameters.dispose();
    },
  };
}

const spanKey = ({ from, to, adapter }: AdapterSpan<PackedAdapter>): string => `${from}-${to}:${adapter.id}`;
