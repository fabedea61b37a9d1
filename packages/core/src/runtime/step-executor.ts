// What a fused executor offers to the model object: a store for the pages of the cache, and a pass over rows of tokens.
import type { Tensor } from '@tensorflow/tfjs-core';
import type { ReadRequest, TopLogits } from '../generate/language-model.ts';
import type { Reservation } from '../kv-cache/kv-cache.ts';
import type { PageStore } from '../kv-cache/page-store.ts';
import type { Adapter } from '../train/lora/lora.ts';

/** Tokens of one sequence in a pass; their pages are reserved. */
export interface PassRequest {
  readonly ids: ArrayLike<number>;
  readonly reservation: Reservation;
  /** What is added beside the linear layers for these tokens. */
  readonly adapter?: Adapter | undefined;
}

/** The same, and what is to be read behind the last token. */
export interface ReadPassRequest extends PassRequest {
  readonly read: ReadRequest['read'];
}

/** Runs a model's plan on packed weights. */
export interface StepExecutor {
  readonly name: string;
  readonly store: PageStore;
  /** True when activations are rounded to integers on the way. */
  readonly quantizesActivations: boolean;
  /** Bytes of packed weights. */
  readonly weightBytes: number;
  /** Appends each request's tokens to the cache; answers the logits [V] behind each one's last token. */
  run(requests: readonly PassRequest[]): Promise<Float32Array[]>;
  /** The same for devices that rows are slow to read from; answers as `LanguageModel.readStep`. */
  runAndRead?(requests: readonly ReadPassRequest[]): Promise<(Float32Array | TopLogits | undefined)[]>;
  /** Takes other values [in, out] (or as they are, for tables and vectors) for a parameter. */
  replace(name: string, values: Float32Array): void;
  /** The same from a tensor of the running backend, for devices that give no floats without waiting. */
  replaceTensor?(name: string, values: Tensor): void;
  /** Frees what it keeps of an adapter; one that a later request names is taken in again. */
  forgetAdapter(adapter: Adapter): void;
  /** A parameter as float32 in the shape of `listParameters`. */
  parameter(name: string): Float32Array;
  /** Frees weights, pages and buffers. */
  dispose(): void;
}
