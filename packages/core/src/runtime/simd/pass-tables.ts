// What the host writes before a pass: where each row stands, which pages it sees, where its keys go; the angles of its rotation; its embedding.
import type { Heap } from '../../backends/simd/heap.ts';
import type { ModelConfig, RopeConfig } from '../../models/model-config.ts';
import { ropeFrequencies } from '../../ops/rope-frequencies.ts';
import type { EmbedStep } from '../plan.ts';
import type { PassRequest } from '../step-executor.ts';
import type { RowBuffer } from './emitter.ts';
import { readRow } from './packed-layout.ts';
import type { PackedParameters } from './packed-parameters.ts';
import type { SimdPageStore } from './simd-page-store.ts';

/** One token of a pass. */
export interface PassRow {
  readonly id: number;
  readonly position: number;
  readonly request: number;
  /** Whether its logits are read. */
  readonly wanted: boolean;
}

/** Angles of one rotation: cosines and sines [rows, half]. */
export interface RopeTable {
  readonly cos: number;
  readonly sin: number;
  readonly half: number;
}

/** The tables of one executor. */
export interface PassTables {
  /** 8 words a row: attention.as.ts. */
  readonly rows: number;
  readonly ropes: ReadonlyMap<RopeConfig, RopeTable>;
  /** Fills everything for `rows`; `lengths` are the requests' sequences with their new tokens. */
  write(rows: readonly PassRow[], requests: readonly PassRequest[], lengths: readonly number[]): void;
  dispose(): void;
}

/** Tables for passes of at most `maxRows` rows, whose embeddings go to `target`. */
export function createPassTables(
  heap: Heap,
  config: ModelConfig,
  parameters: PackedParameters,
  store: SimdPageStore,
  step: EmbedStep,
  target: RowBuffer,
  maxRows: number,
): PassTables {
  if (step.learnedPositions && step.projection)
    throw new TypeError('plan: expected learned positions without a projection of the embeddings');
  const { pageSize } = store.shape;
  const C = config.hiddenSize;
  const table = heap.allocate(maxRows * 32);
  let blockTable = { at: heap.allocate(4096), bytes: 4096 };
  const ropes = new Map<RopeConfig, RopeTable>();
  for (const { rope } of config.layers) {
    if (rope === undefined || ropes.has(rope)) continue;
    const half = rope.rotaryDim >> 1;
    const bytes = maxRows * half * 4;
    ropes.set(rope, { cos: heap.allocate(bytes), sin: heap.allocate(bytes), half });
  }
  const floats = (at: number, count: number) => new Float32Array(heap.memory.buffer, at, count);

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

  function writeBlocks(rows: readonly PassRow[], requests: readonly PassRequest[]): void {
    const used = [...new Set(rows.map((row) => row.request))];
    const bytes = used.reduce((sum, r) => sum + requests[r].reservation.blocks.length * 8, 0);
    if (bytes > blockTable.bytes) {
      heap.free(blockTable.at);
      blockTable = { at: heap.allocate(bytes * 2), bytes: bytes * 2 };
    }
    const starts = new Map<number, { at: number; pages: Map<number, number> }>();
    const words = new Int32Array(heap.memory.buffer, blockTable.at, bytes / 4);
    let at = 0;
    for (const r of used) {
      const pages = new Map<number, number>();
      starts.set(r, { at: blockTable.at + at * 4, pages });
      for (const { page, start } of requests[r].reservation.blocks) {
        const address = store.address(page);
        pages.set(start, address);
        words[at++] = address;
        words[at++] = start;
      }
    }
    // `store.address` may have grown the memory: look it up again.
    const entries = new Int32Array(heap.memory.buffer, table, rows.length * 8);
    rows.forEach(({ position, request }, i) => {
      const first = position - (position % pageSize);
      const known = starts.get(request) as { at: number; pages: Map<number, number> };
      const page = known.pages.get(first);
      if (page === undefined) throw new RangeError(`reservation: expected a block for token ${position}`);
      entries.set([position, known.at, known.pages.size, page, position - first], i * 8);
    });
  }

  function writeAngles(rows: readonly PassRow[], lengths: readonly number[]): void {
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
  }

  function writeEmbeddings(rows: readonly PassRow[]): void {
    const embedding = parameters.matrix('embedding.weight');
    const positions = step.learnedPositions ? parameters.matrix('positions.weight') : undefined;
    const position = new Float32Array(positions === undefined ? 0 : C);
    rows.forEach((row, r) => {
      const out = floats(target.at + r * target.width * 4, target.width);
      readRow(heap, embedding, row.id, out);
      if (step.scale !== 1) for (let i = 0; i < out.length; i++) out[i] *= step.scale;
      if (positions === undefined) return;
      readRow(heap, positions, row.position + step.positionOffset, position);
      for (let i = 0; i < C; i++) out[i] += position[i];
    });
  }

  return {
    rows: table,
    ropes,
    write(rows, requests, lengths) {
      writeBlocks(rows, requests);
      writeAngles(rows, lengths);
      writeEmbeddings(rows);
    },
    dispose() {
      heap.free(table);
      heap.free(blockTable.at);
      for (const { cos, sin } of ropes.values()) {
        heap.free(cos);
        heap.free(sin);
      }
    },
  };
}
