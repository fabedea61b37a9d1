// Writes a pass's program: instructions of the SIMD machine over fixed buffers. It remembers a sum to the residual stream that has not been made yet, because
// the next norm makes it on the way.
import {
  byteActivations,
  elementwiseKinds,
  floatBits,
  instruction,
  linearKinds,
  type Opcode,
} from '../../backends/simd/program.ts';
import type { NormConfig } from '../../models/model-config.ts';
import type { AdapterSpan } from '../adapter-cache.ts';
import type { MlpStep, PlanNorm } from '../plan.ts';
import type { PackedAdapter } from './packed-adapter.ts';
import { isIntegerKind, isNibbleKind, type PackedMatrix } from './packed-layout.ts';
import type { PackedParameters } from './packed-parameters.ts';

/** Rows of floats in the shared memory. */
export interface RowBuffer {
  readonly at: number;
  readonly width: number;
}

/** What every program of a model shares. */
export interface EmitterPlace {
  readonly parameters: PackedParameters;
  /** Where a norm of the stream goes. */
  readonly normed: RowBuffer;
  /** Activations as integers, their scales and sums. */
  readonly quantized: { readonly q: number; readonly scales: number; readonly sums: number };
  /** Activations as bytes and their scales, for nibbles and several rows; absent: always 16 bits. */
  readonly bytes?: { readonly q: number; readonly scales: number };
  /** Scratch of the linear and of the gemm instruction: address and bytes a thread. */
  readonly panelScratch: readonly [number, number];
  readonly gemmScratch: readonly [number, number];
}

/** Rows that have adapters, and room for their terms: [rows, rank] and [rows, width] floats. */
export interface EmitterAdapters {
  readonly spans: readonly AdapterSpan<PackedAdapter>[];
  readonly low: number;
  readonly term: number;
}

/** A linear layer: its parameters' name, where its rows go, and the matrix when it is not `name.weight`. */
export interface LinearTarget {
  readonly name: string;
  readonly out: RowBuffer;
  readonly bias: boolean;
  readonly matrix?: PackedMatrix;
}

const manyRows = 8; // from here on plain floats go through the blocked matMul

/** Collects the instructions for `rows` rows of the residual stream `stream`. */
export class Emitter {
  readonly segments: (Int32Array | MlpStep)[] = [];
  #words: number[] = [];
  #pending: { from: RowBuffer; scale: number } | undefined;
  readonly #place: EmitterPlace;
  readonly #rows: number;
  readonly #stream: RowBuffer;
  readonly #adapters: EmitterAdapters | undefined;

  constructor(place: EmitterPlace, rows: number, stream: RowBuffer, adapters?: EmitterAdapters) {
    this.#adapters = adapters;
    this.#place = place;
    this.#rows = rows;
    this.#stream = stream;
  }

  emit(op: Opcode, args: readonly number[], free = false): void {
    for (const word of instruction(op, args, free)) this.#words.push(word);
  }

  /** Ends a segment; `step` names experts that the host routes between it and the next. */
  cut(step?: MlpStep): void {
    if (this.#words.length > 0) this.segments.push(Int32Array.from(this.#words));
    this.#words = [];
    if (step !== undefined) this.segments.push(step);
  }

  /** out = norm(stream), making the pending sum first; without a norm only the sum. */
  normStream(norm: PlanNorm | undefined, out: RowBuffer | undefined): void {
    const pending = this.#pending;
    this.#pending = undefined;
    if (norm === undefined && pending === undefined) return;
    const target = norm === undefined ? 0 : (out as RowBuffer).at;
    const sum = pending === undefined ? [0, 0] : [pending.from.at, floatBits(pending.scale)];
    const { at, width } = this.#stream;
    const settings = this.#normWords(norm?.config, norm?.name);
    this.emit('norm', [at, ...sum, target, this.#rows, width, ...settings, 1]);
  }

  /** The buffer that holds norm(stream), or the stream itself. */
  input(norm: PlanNorm | undefined): RowBuffer {
    this.normStream(norm, this.#place.normed);
    return norm === undefined ? this.#stream : this.#place.normed;
  }

  normInPlace(
    data: RowBuffer,
    rows: number,
    dim: number,
    norm: NormConfig,
    name: string,
    weightRows = 1,
  ): void {
    this.emit('norm', [data.at, 0, 0, data.at, rows, dim, ...this.#normWords(norm, name), weightRows]);
  }

  /** stream += scale * from, later; a sum already pending is made now. */
  add(from: RowBuffer, scale: number): void {
    this.normStream(undefined, undefined);
    this.#pending = { from, scale };
  }

  /** Linear layers that share an input. */
  linears(input: RowBuffer, rows: number, targets: readonly LinearTarget[]): void {
    const { parameters, quantized, bytes, panelScratch, gemmScratch } = this.#place;
    const list = targets.map((t) => ({ ...t, matrix: t.matrix ?? parameters.matrix(`${t.name}.weight`) }));
    const columns = list[0].matrix.columns;
    const integers = [quantized.q, quantized.scales, quantized.sums];
    const asBytes = ({ kind }: PackedMatrix) => bytes !== undefined && rows > 1 && isNibbleKind(kind);
    if (list.some(({ matrix }) => isIntegerKind(matrix.kind) && !asBytes(matrix)))
      this.emit('quantize', [input.at, rows, columns, ...integers]);
    if (bytes !== undefined && list.some(({ matrix }) => asBytes(matrix)))
      this.emit('quantizeBytes', [input.at, rows, columns, bytes.q, bytes.scales]);
    list.forEach(({ name, out, bias, matrix }, i) => {
      const free = i < list.length - 1;
      const biasAt = bias ? parameters.vector(`${name}.bias`) : 0;
      if (!isIntegerKind(matrix.kind) && rows >= manyRows) {
        const transposed = matrix.kind === 'F32' ? 1 : linearKinds[matrix.kind];
        const shape = [rows, columns, matrix.rows, 0, transposed, 1, 0, 0, 0];
        this.emit('gemm', [input.at, matrix.address, out.at, ...shape, biasAt, ...gemmScratch], free);
        return;
      }
      const sources =
        bytes !== undefined && asBytes(matrix)
          ? [linearKinds[matrix.kind] + byteActivations, matrix.address, input.at, bytes.q, bytes.scales, 0]
          : [linearKinds[matrix.kind], matrix.address, input.at, ...integers];
      const shape = [out.at, matrix.rows, rows, columns, matrix.rows];
      this.emit('linear', [...sources, ...shape, biasAt, ...panelScratch], free);
    });
    this.#beside(input, targets);
  }

  /** out += B (A input), in the rows that have an adapter of that linear layer. */
  #beside(input: RowBuffer, targets: readonly LinearTarget[]): void {
    if (this.#adapters === undefined) return;
    const { spans, low, term } = this.#adapters;
    for (const { name, out } of targets)
      for (const { from, to, adapter } of spans) {
        const known = adapter.terms.get(`${name}.weight`);
        if (known === undefined) continue;
        const { down, up } = known;
        const rows = to - from;
        this.#product(input.at + from * down.columns * 4, down, low, rows);
        this.#product(low, up, term, rows);
        const sum = out.at + from * up.rows * 4;
        const same = [1, 1, 1, rows * up.rows, 0, 0, 0, 1, 0, 0, 0, 1];
        this.emit('elementwise', [elementwiseKinds.add, sum, term, sum, ...same]);
      }
  }

  #product(input: number, matrix: PackedMatrix, out: number, rows: number): void {
    const shape = [rows, matrix.columns, matrix.rows, 0, 1, 1, 0, 0, 0];
    this.emit('gemm', [input, matrix.address, out, ...shape, 0, ...this.#place.gemmScratch]);
  }

  #normWords(settings: NormConfig | undefined, name: string | undefined): number[] {
    const { parameters } = this.#place;
    if (settings === undefined || name === undefined) return [0, 0, 0, 0];
    return [
      settings.kind === 'layer' ? 1 : 0,
      floatBits(settings.eps),
      settings.weight ? parameters.vector(`${name}.weight`, settings.unitOffset) : 0,
      settings.bias ? parameters.vector(`${name}.bias`) : 0,
    ];
  }
}
