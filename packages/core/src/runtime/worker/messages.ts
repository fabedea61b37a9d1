// What a page (or main thread) and the worker that holds its model say to each other. Calls carry a number and are answered; the rest is told in order, so a
// sequence's fork, truncation and end happen between the steps where they were asked for.
import type { CheckpointPlace } from '../../weights/open-checkpoint.ts';

/** Options of `loadModel` that can be sent: all but callbacks and the signal. */
export type SentOptions = Readonly<Record<string, unknown>>;

/** To the worker, answered. */
export type Call =
  /** A URL object is not cloned: `place` is its text then, and `isUrl`. */
  | {
      readonly kind: 'load';
      readonly place: CheckpointPlace;
      readonly isUrl: boolean;
      readonly options: SentOptions;
    }
  | {
      readonly kind: 'step';
      readonly requests: readonly { readonly sequence: number; readonly ids: Int32Array }[];
    }
  | { readonly kind: 'file'; readonly name: string }
  | { readonly kind: 'dispose' };

/** To the worker, not answered. */
export type Tell =
  | { readonly kind: 'new'; readonly sequence: number }
  | { readonly kind: 'fork'; readonly sequence: number; readonly from: number }
  | { readonly kind: 'truncate'; readonly sequence: number; readonly length: number }
  | { readonly kind: 'end'; readonly sequence: number }
  | { readonly kind: 'abort' };

/** Everything to the worker. */
export type ToWorker = (Call & { readonly call: number }) | Tell;

/** From the worker. */
export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly loaded: number; readonly total: number; readonly name: string }
  | { readonly kind: 'answer'; readonly call: number; readonly value: unknown }
  | {
      readonly kind: 'failure';
      readonly call: number;
      readonly name: string;
      readonly message: string;
      readonly fields: object;
    };

/** What `load` answers: everything about the model that does not change. */
export interface ModelFacts {
  readonly family: string;
  readonly backend: string;
  readonly executor: string;
  readonly hash: string;
  readonly vocabSize: number;
  readonly maxPositions: number;
  readonly lastPosition: number;
  readonly eosTokenIds: readonly number[];
  readonly weightBytes: number;
  readonly format: 'huggingface' | 'gguf' | 'llama2c';
  readonly metadata?: ReadonlyMap<string, unknown>;
}

/** One end of the channel, in Node and in pages alike. */
export interface Port {
  post(message: ToWorker | FromWorker, transfer?: readonly ArrayBuffer[]): void;
  /** Sets the one listener. */
  listen(onMessage: (message: unknown) => void): void;
}
