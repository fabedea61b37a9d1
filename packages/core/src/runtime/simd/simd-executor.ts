// The plan on the SIMD machine. Each plan step becomes a few instructions over fixed buffers; the whole pass of T rows is one program, built once for
// each T and run with one call. The host does what is cheap and irregular: embedding rows, tables of positions, routing of experts.

import {
  elementwiseKinds,
  floatBits,
  instruction,
  linearKinds,
  linearKindsOfTwoPlanes,
  type Opcode,
} from '../../backends/simd/program.ts';
import type { SimdBackend } from '../../backends/simd/simd-backend.ts';
import type { Activation, ModelConfig, NormConfig, RopeConfig } from '../../models/model-config.ts';
import { alibiSlopes } from '../../ops/attention-mask.ts';
import { ropeFrequencies } from '../../ops/rope-frequencies.ts';
import { compilePlan, type MlpStep, type PlanNorm, type PlanStep } from '../plan.ts';
import type { PassRequest, StepExecutor } from '../step-executor.ts';
import { type PackedMatrix, readRow } from './packed-matrix.ts';
import type { PackedParameters } from './packed-parameters.ts';
import { createSimdPageStore } from './simd-page-store.ts';

/** Options of `createSimdExecutor`. */
export interface SimdExecutorOptions {
  readonly pageSize: number;
  /** Rows of tokens in one pass; longer prompts take several. Default 256. */
  readonly maxRows?: number;
  /** Attend to this many latest tokens only. */
  readonly window?: number;
  /** With a window: first tokens that stay visible. */
  readonly sinks?: number;
  /**
   * How activations meet 4- and 8-bit weights: `int8` rounds them as llama.cpp does (fastest); `int16`, the default, multiplies two 8-bit planes: logits
   * within 1e-2 of those of float activations.
   */
  readonly activations?: 'int8' | 'int16';
}

interface Buffer {
  readonly at: number;
  readonly width: number;
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
const logitRows = 8;
const manyRows = 8; // from here on float32 weights go through the blocked matMul

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
    activations: precision = 'int16',
  }: SimdExecutorOptions,
): StepExecutor {
  const { heap, threads } = backend.machine;
  const planes = precision === 'int16' ? 2 : 1;
  const kinds = planes === 2 ? linearKindsOfTwoPlanes : linearKinds;
  const plan = compilePlan(config);
  const { hiddenSize: C, numHeads: H, numKeyValueHeads: G, headDim: d, vocabSize: V } = config;
  const inner = Math.max(config.intermediateSize, config.experts?.intermediateSize ?? 0);
  const widestInput = Math.max(C, H * d, inner, config.embedding.width);
  const store = createSimdPageStore(heap, { layers: config.numLayers, groups: G, pageSize, headDim: d });
  const owned: number[] = [];
  const allocate = (bytes: number): number => {
    const at = heap.allocate(bytes);
    owned.push(at);
    return at;
  };
  const buffer = (width: number, rows = maxRows): Buffer => ({ at: allocate(rows * width * 4), width });
  const x = buffer(C);
  const n = buffer(C);
  const [q, k, v, heads] = [buffer(H * d), buffer(G * d), buffer(G * d), buffer(H * d)];
  const [y, y2] = [buffer(C), buffer(C)];
  const [gate, up] = [buffer(inner), buffer(inner)];
  const wide = buffer(config.embedding.width);
  const picked = buffer(C, logitRows);
  const logits = buffer(V, logitRows);
  const router = buffer(config.experts?.count ?? 1);
  const quantized = {
    q: allocate(maxRows * widestInput * planes),
    scales: allocate((maxRows * widestInput) / 8),
    sums: allocate((maxRows * widestInput) / 8),
  };
  const table = allocate(maxRows * 32);
  let blockTable = { at: heap.allocate(4096), bytes: 4096 };
  const scratchBytes = Math.ceil((pageSize * 4) / 64) * 64;
  const scratch = allocate(scratchBytes * threads);
  const ropes = new Map<RopeConfig, { cos: number; sin: number; half: number }>();
  for (const { rope } of config.layers) {
    if (rope === undefined || ropes.has(rope)) continue;
    const half = rope.rotaryDim >> 1;
    ropes.set(rope, { cos: allocate(maxRows * half * 4), sin: allocate(maxRows * half * 4), half });
  }
  const slopes = config.attention.alibi ? allocate(H * 4) : 0;
  if (slopes !== 0) new Float32Array(heap.memory.buffer, slopes, H).set(alibiSlopes(H));
  const clip = config.attention.clip;
  const clipAt = clip === undefined ? 0 : allocate(8);
  if (clip !== undefined) new Float32Array(heap.memory.buffer, clipAt, 2).set([clip, -clip]);

  const floats = (at: number, count: number) => new Float32Array(heap.memory.buffer, at, count);
  const passes = new Map<number, Pass>();
  const headPrograms = new Map<number, Int32Array>();
  const embedding = parameters.matrix('embedding.weight');

  /** Collects instructions; remembers a sum to the residual stream that has not been made yet, because the next norm makes it on the way. */
  class Emitter {
    readonly segments: (Int32Array | MlpStep)[] = [];
    #words: number[] = [];
    #pending: { from: Buffer; scale: number } | undefined;
    readonly #rows: number;
    readonly #x: Buffer;

    constructor(rows: number, stream: Buffer) {
      this.#rows = rows;
      this.#x = stream;
    }

    emit(op: Opcode, args: readonly number[], free = false): void {
      for (const word of instruction(op, args, free)) this.#words.push(word);
    }

    cut(step?: MlpStep): void {
      if (this.#words.length > 0) this.segments.push(Int32Array.from(this.#words));
      this.#words = [];
      if (step !== undefined) this.segments.push(step);
    }

    normWords(norm: PlanNorm | NormConfig | undefined, name: string | undefined): number[] {
      const settings = norm === undefined ? undefined : 'config' in norm ? norm.config : norm;
      if (settings === undefined || name === undefined) return [0, 0, 0, 0];
      return [
        settings.kind === 'layer' ? 1 : 0,
        floatBits(settings.eps),
        settings.weight ? parameters.vector(`${name}.weight`, settings.unitOffset) : 0,
        settings.bias ? parameters.vector(`${name}.bias`) : 0,
      ];
    }

    /** out = norm(stream), making the pending sum first; without a norm only the sum. */
    normStream(norm: PlanNorm | undefined, out: Buffer | undefined): void {
      const pending = this.#pending;
      this.#pending = undefined;
      if (norm === undefined && pending === undefined) return;
      const target = norm === undefined ? 0 : (out as Buffer).at;
      const sum = pending === undefined ? [0, 0] : [pending.from.at, floatBits(pending.scale)];
      this.emit('norm', [this.#x.at, ...sum, target, this.#rows, C, ...this.normWords(norm, norm?.name), 1]);
    }

    /** The buffer that holds norm(stream), or the stream itself. */
    input(norm: PlanNorm | undefined): Buffer {
      this.normStream(norm, n);
      return norm === undefined ? this.#x : n;
    }

    normInPlace(
      data: Buffer,
      rows: number,
      dim: number,
      norm: NormConfig,
      name: string,
      weightRows = 1,
      free = false,
    ): void {
      this.emit('norm', [data.at, 0, 0, data.at, rows, dim, ...this.normWords(norm, name), weightRows], free);
    }

    /** stream += scale * from, later; a sum already pending is made now. */
    add(from: Buffer, scale: number): void {
      this.normStream(undefined, undefined);
      this.#pending = { from, scale };
    }

    /** Linear layers that share an input. */
    linears(
      input: Buffer,
      rows: number,
      targets: readonly { name: string; out: Buffer; bias: boolean; matrix?: PackedMatrix }[],
    ): void {
      const list = targets.map((t) => ({ ...t, matrix: t.matrix ?? parameters.matrix(`${t.name}.weight`) }));
      const columns = list[0].matrix.columns;
      if (list.some(({ matrix }) => matrix.kind === 'Q4' || matrix.kind === 'Q8')) {
        this.emit('quantize', [
          input.at,
          rows,
          columns,
          quantized.q,
          quantized.scales,
          quantized.sums,
          planes,
        ]);
      }
      list.forEach(({ name, out, bias, matrix }, i) => {
        const free = i < list.length - 1;
        const biasAt = bias ? parameters.vector(`${name}.bias`) : 0;
        if (matrix.kind === 'F32' && rows >= manyRows) {
          this.emit(
            'gemm',
            [
              input.at,
              matrix.address,
              out.at,
              rows,
              columns,
              matrix.rows,
              0,
              1,
              1,
              0,
              0,
              0,
              biasAt,
              ...backend.gemmScratch,
            ],
            free,
          );
          return;
        }
        const kind = kinds[matrix.kind];
        const sources = [matrix.address, input.at, quantized.q, quantized.scales, quantized.sums];
        this.emit(
          'linear',
          [kind, ...sources, out.at, matrix.rows, rows, columns, matrix.rows, biasAt],
          free,
        );
      });
    }
  }

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
      const turn = step.rope === undefined ? undefined : ropes.get(step.rope);
      if (step.rope !== undefined && turn !== undefined) {
        const words = [d, step.rope.rotaryDim, step.rope.interleaved ? 1 : 0, turn.cos, turn.sin];
        e.emit('rope', [q.at, H * d, T, H, ...words], true);
        e.emit('rope', [k.at, G * d, T, G, ...words]);
      }
      e.emit('append', [k.at, v.at, G * d, T, table, G, d, pageSize, store.layerOffset(step.layer)]);
    } else if (step.op === 'attend') {
      const window = Math.min(
        step.window ?? Number.POSITIVE_INFINITY,
        widest > 0 ? widest : Number.POSITIVE_INFINITY,
      );
      const sizes = [T, table, H, G, d, pageSize, store.layerOffset(step.layer)];
      const view = [Number.isFinite(window) ? window : 0, Number.isFinite(window) ? sinks : 0];
      const scores = [floatBits(step.scale), floatBits(step.softcap ?? 0), slopes, scratch, scratchBytes];
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
    input: Buffer,
    out: Buffer,
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
    from: Buffer,
    T: number,
  ): void {
    if (step.postNorm !== undefined) e.normInPlace(from, T, C, step.postNorm.config, step.postNorm.name);
    e.add(from, step.scale);
    if (step.sumNorm !== undefined) e.normStream(step.sumNorm, x);
  }

  function passOf(T: number): Pass {
    const known = passes.get(T);
    if (known !== undefined) return known;
    const e = new Emitter(T, x);
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
    passes.set(T, { segments: e.segments });
    return { segments: e.segments };
  }

  function headProgram(rows: number): Int32Array {
    const known = headPrograms.get(rows);
    if (known !== undefined) return known;
    const step = plan[plan.length - 1] as Extract<PlanStep, { op: 'head' }>;
    const e = new Emitter(rows, picked);
    let input = e.input(step.norm);
    if (step.projection) {
      e.linears(input, rows, [{ name: 'headProjection', out: wide, bias: false }]);
      input = wide;
    }
    e.linears(input, rows, [
      {
        name: 'head',
        out: logits,
        bias: step.bias,
        ...(step.tied ? { matrix: parameters.matrix('embedding.weight') } : {}),
      },
    ]);
    e.cut();
    const words = e.segments[0] as Int32Array;
    headPrograms.set(rows, words);
    return words;
  }

  interface RowOf {
    readonly id: number;
    readonly position: number;
    readonly request: number;
    readonly last: boolean;
  }

  /** The tables of a pass: where each row stands, which pages it sees, where its keys go; the angles; the embeddings. */
  function prepare(
    rows: readonly RowOf[],
    requests: readonly PassRequest[],
    lengths: readonly number[],
  ): void {
    const used = [...new Set(rows.map((row) => row.request))];
    const bytes = used.reduce((sum, r) => sum + requests[r].reservation.blocks.length * 8, 0);
    if (bytes > blockTable.bytes) {
      heap.free(blockTable.at);
      blockTable = { at: heap.allocate(bytes * 2), bytes: bytes * 2 };
    }
    const starts = new Map<number, number>();
    const blockWords = new Int32Array(heap.memory.buffer, blockTable.at, bytes / 4);
    let at = 0;
    for (const r of used) {
      starts.set(r, blockTable.at + at * 4);
      for (const { page, start } of requests[r].reservation.blocks) {
        blockWords[at++] = store.address(page);
        blockWords[at++] = start;
      }
    }
    const words = new Int32Array(heap.memory.buffer, table, rows.length * 8);
    rows.forEach(({ position, request }, i) => {
      const { blocks } = requests[request].reservation;
      const start = Math.floor(position / pageSize) * pageSize;
      const block = blocks.find((b) => b.start === start);
      if (block === undefined) throw new RangeError(`reservation: expected a block for token ${position}`);
      words.set(
        [position, starts.get(request) as number, blocks.length, store.address(block.page), position - start],
        i * 8,
      );
    });
    for (const [rope, { cos, sin, half }] of ropes) {
      const [c, s] = [floats(cos, rows.length * half), floats(sin, rows.length * half)];
      rows.forEach(({ position, request }, r) => {
        const { inverse, scale } = frequencies(rope, lengths[request]);
        for (let i = 0; i < half; i++) {
          const angle = Math.fround(position * inverse[i]);
          c[r * half + i] = Math.fround(Math.cos(angle)) * scale;
          s[r * half + i] = Math.fround(Math.sin(angle)) * scale;
        }
      });
    }
    const step = plan[0] as Extract<PlanStep, { op: 'embed' }>;
    const target = step.projection ? wide : x;
    const position = step.learnedPositions ? new Float32Array(C) : undefined;
    rows.forEach((row, r) => {
      const out = floats(target.at + r * target.width * 4, target.width);
      readRow(heap, embedding, row.id, out);
      if (step.scale !== 1) for (let i = 0; i < out.length; i++) out[i] *= step.scale;
      if (position === undefined) return;
      if (step.projection)
        throw new TypeError('plan: expected learned positions without a projection of the embeddings');
      readRow(heap, parameters.matrix('positions.weight'), row.position + step.positionOffset, position);
      for (let i = 0; i < C; i++) out[i] += position[i];
    });
  }

  // Frequencies are the same for every token unless they depend on the length.
  const fixed = new Map<RopeConfig, ReturnType<typeof ropeFrequencies>>();
  function frequencies(rope: RopeConfig, length: number): ReturnType<typeof ropeFrequencies> {
    if (rope.kind === 'dynamic' || rope.kind === 'longrope') return ropeFrequencies(rope, length);
    let known = fixed.get(rope);
    if (known === undefined) {
      known = ropeFrequencies(rope, length);
      fixed.set(rope, known);
    }
    return known;
  }

  /** Routes each row of n to its experts and leaves the weighted sum in y2. */
  function runExperts(step: MlpStep, T: number): void {
    const { count, perToken, normalize } = config.experts as NonNullable<ModelConfig['experts']>;
    const at = `layers.${step.layer}.experts`;
    const route = new Emitter(T, x);
    route.linears(n, T, [{ name: `${at}.router`, out: router, bias: false }]);
    route.cut();
    backend.machine.run(route.segments[0] as Int32Array);
    const scores = floats(router.at, T * count).slice();
    const input = floats(n.at, T * C).slice();
    const sums = new Float32Array(T * C);
    const chosen = Array.from({ length: T }, (_, t) =>
      chooseExperts(scores.subarray(t * count, (t + 1) * count), perToken, normalize),
    );
    for (let expert = 0; expert < count; expert++) {
      const rows = chosen.flatMap((list, t) =>
        list.filter((c) => c.expert === expert).map((c) => ({ t, weight: c.weight })),
      );
      if (rows.length === 0) continue;
      const gathered = floats(n.at, rows.length * C);
      rows.forEach(({ t }, r) => {
        gathered.set(input.subarray(t * C, (t + 1) * C), r * C);
      });
      const e = new Emitter(rows.length, x);
      emitFeedForward(e, step, `${at}.${expert}`, n, y2, rows.length);
      e.cut();
      backend.machine.run(e.segments[0] as Int32Array);
      const results = floats(y2.at, rows.length * C);
      rows.forEach(({ t, weight }, r) => {
        for (let i = 0; i < C; i++) sums[t * C + i] += weight * results[r * C + i];
      });
    }
    floats(n.at, T * C).set(input);
    floats(y2.at, T * C).set(sums);
  }

  function runLogits(wanted: readonly number[]): Float32Array[] {
    const step = plan[plan.length - 1] as Extract<PlanStep, { op: 'head' }>;
    const results: Float32Array[] = [];
    for (let from = 0; from < wanted.length; from += logitRows) {
      const rows = wanted.slice(from, from + logitRows);
      rows.forEach((row, i) => {
        floats(picked.at + i * C * 4, C).set(floats(x.at + row * C * 4, C));
      });
      backend.machine.run(headProgram(rows.length));
      rows.forEach((_, i) => {
        const row = floats(logits.at + i * V * 4, V).slice();
        if (step.scale !== 1) for (let j = 0; j < V; j++) row[j] *= step.scale;
        if (step.softcap !== undefined)
          for (let j = 0; j < V; j++) row[j] = step.softcap * Math.tanh(row[j] / step.softcap);
        results.push(row);
      });
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
      const lengths = requests.map(({ ids, reservation }) => reservation.start + ids.length);
      const rows: RowOf[] = requests.flatMap(({ ids, reservation }, request) =>
        Array.from({ length: ids.length }, (_, t) => ({
          id: ids[t],
          position: reservation.start + t,
          request,
          last: t === ids.length - 1,
        })),
      );
      const results = new Array<Float32Array>(requests.length);
      for (let from = 0; from < rows.length; from += maxRows) {
        const part = rows.slice(from, from + maxRows);
        prepare(part, requests, lengths);
        for (const segment of passOf(part.length).segments) {
          if (segment instanceof Int32Array) backend.machine.run(segment);
          else runExperts(segment, part.length);
        }
        const wanted = part.flatMap((row, i) => (row.last ? [i] : []));
        runLogits(wanted).forEach((row, i) => {
          results[part[wanted[i]].request] = row;
        });
        if (from + maxRows < rows.length) await new Promise<void>((resolve) => setTimeout(resolve, 0));
      }
      return results;
    },
    replace(name, values) {
      parameters.replace(name, values);
      passes.clear();
      headPrograms.clear();
    },
    parameter: (name) => parameters.values(name),
    dispose() {
      store.dispose();
      for (const at of owned) heap.free(at);
      heap.free(blockTable.at);
      parameters.dispose();
    },
  };
}

/** The experts of one row and their weights: softmax, the largest `perToken`, scaled to sum to 1 when the family does. */
function chooseExperts(
  scores: Float32Array,
  perToken: number,
  normalize: boolean,
): { expert: number; weight: number }[] {
  const top = Math.max(...scores);
  const exps = Array.from(scores, (s) => Math.exp(s - top));
  const sum = exps.reduce((a, b) => a + b, 0);
  const order = exps
    .map((e, expert) => ({ expert, weight: e / sum }))
    .sort((a, b) => b.weight - a.weight || a.expert - b.expert);
  const kept = order.slice(0, perToken);
  const total = normalize ? kept.reduce((a, b) => a + b.weight, 0) : 1;
  return kept.map(({ expert, weight }) => ({ expert, weight: weight / total }));
}
