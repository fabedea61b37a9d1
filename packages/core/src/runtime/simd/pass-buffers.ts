// The shared memory that the passes of one executor work in: rows of floats between the steps, quantised activations, scratch of the threads.
import type { Heap } from '../../backends/simd/heap.ts';
import type { SimdBackend } from '../../backends/simd/simd-backend.ts';
import type { CacheDtype } from '../../kv-cache/page-store.ts';
import type { ModelConfig } from '../../models/model-config.ts';
import { alibiSlopes } from '../../ops/attention-mask.ts';
import type { EmitterPlace, RowBuffer } from './emitter.ts';
import { attentionScratch, logitRows, panelBytes } from './packed-layout.ts';
import type { PackedParameters } from './packed-parameters.ts';

/** Bits of quantised activations: int16 is exact to 2^-16 of a block's largest, int8 what llama.cpp does. */
export type Activations = 'int16' | 'int8';

/** Buffers for passes of at most some number of rows. */
export interface PassBuffers {
  /** The residual stream and its norm. */
  readonly x: RowBuffer;
  readonly n: RowBuffer;
  readonly q: RowBuffer;
  readonly k: RowBuffer;
  readonly v: RowBuffer;
  readonly heads: RowBuffer;
  /** What attention and what the MLP adds to the stream. */
  readonly y: RowBuffer;
  readonly y2: RowBuffer;
  readonly gate: RowBuffer;
  readonly up: RowBuffer;
  /** Embeddings that are wider or narrower than the stream. */
  readonly wide: RowBuffer;
  readonly router: RowBuffer;
  /** Rows whose logits are wanted, and those. */
  readonly picked: RowBuffer;
  readonly logits: RowBuffer;
  /** For the emitter. */
  readonly place: EmitterPlace;
  /** Scratch of the attend instruction: address and bytes a thread. */
  readonly attention: readonly [number, number];
  /** Slopes of ALiBi, or 0; a limit and its negative, or 0. */
  readonly slopes: number;
  readonly clip: number;
  dispose(): void;
}

/** Takes the buffers from the heap of the running machine. */
export function createPassBuffers(
  backend: SimdBackend,
  config: ModelConfig,
  parameters: PackedParameters,
  { maxRows, pageSize, cacheDtype, precision }: PassBufferOptions,
): PassBuffers {
  const { heap, threads } = backend.machine;
  const { hiddenSize: C, numHeads: H, numKeyValueHeads: G, headDim: d, vocabSize: V } = config;
  const inner = Math.max(config.intermediateSize, config.experts?.intermediateSize ?? 0);
  const widestInput = Math.max(C, H * d, inner, config.embedding.width);
  const owned: number[] = [];
  const allocate = (bytes: number): number => {
    const at = heap.allocate(bytes);
    owned.push(at);
    return at;
  };
  const buffer = (width: number, rows = maxRows): RowBuffer => ({ at: allocate(rows * width * 4), width });
  const four = Math.ceil(maxRows / 4) * 4;
  const n = buffer(C);
  const scratchBytes = attentionScratch(pageSize, d, cacheDtype);
  return {
    x: buffer(C),
    n,
    q: buffer(H * d),
    k: buffer(G * d),
    v: buffer(G * d),
    heads: buffer(H * d),
    y: buffer(C),
    y2: buffer(C),
    gate: buffer(inner),
    up: buffer(inner),
    wide: buffer(config.embedding.width),
    router: buffer(config.experts?.count ?? 1),
    picked: buffer(C, logitRows),
    logits: buffer(V, logitRows),
    place: {
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
    },
    attention: [allocate(scratchBytes * threads), scratchBytes],
    slopes: config.attention.alibi ? filled(heap, allocate(H * 4), alibiSlopes(H)) : 0,
    clip:
      config.attention.clip === undefined
        ? 0
        : filled(heap, allocate(8), [config.attention.clip, -config.attention.clip]),
    dispose() {
      for (const at of owned) heap.free(at);
    },
  };
}

/** Sizes and kinds that the buffers depend on. */
export interface PassBufferOptions {
  readonly maxRows: number;
  readonly pageSize: number;
  readonly cacheDtype: CacheDtype;
  readonly precision: Activations;
}

function filled(heap: Heap, at: number, values: ArrayLike<number>): number {
  new Float32Array(heap.memory.buffer, at, values.length).set(values);
  return at;
}
