// What a page (or main thread) and the worker that holds its model say to each other. Calls carry a number and are answered; the rest is told in order, so a
// sequence's fork, truncation and end happen between the steps where they were asked for. Only `verdict` and `abort` do not wait for their turn: what runs waits for them.
import type { TopLogits } from '../../generate/language-model.ts';
import type { LoraConfig } from '../../train/lora/lora.ts';
import type { CheckpointPlace } from '../../weights/open-checkpoint.ts';

/** Options of `loadModel` that can be sent: all but callbacks and the signal. */
export type SentOptions = Readonly<Record<string, unknown>>;

/** What is wanted of a row: all of it, nothing, or so many of its largest logits. */
export type SentRead = 'row' | 'nothing' | number;

/** An adapter's tensors as they can be sent. */
export interface SentAdapter {
  readonly lora: LoraConfig;
  readonly tensors: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly values: Float32Array;
  }[];
}

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
  /** While it runs the worker shows largest logits (`top`) and waits for a verdict on each. */
  | {
      readonly kind: 'read';
      readonly requests: readonly {
        readonly sequence: number;
        readonly ids: Int32Array;
        readonly read: SentRead;
      }[];
    }
  /** `given` comes with the first use of a number, and again after `forget`. */
  | {
      readonly kind: 'adapter';
      readonly adapter: number | undefined;
      readonly sequence: number | undefined;
      readonly given: SentAdapter | undefined;
    }
  | { readonly kind: 'file'; readonly name: string }
  | { readonly kind: 'list'; readonly folder: string }
  | { readonly kind: 'dispose' };

/** To the worker, not answered. */
export type Tell =
  | { readonly kind: 'new'; readonly sequence: number }
  | { readonly kind: 'fork'; readonly sequence: number; readonly from: number }
  | { readonly kind: 'truncate'; readonly sequence: number; readonly length: number }
  | { readonly kind: 'end'; readonly sequence: number }
  | { readonly kind: 'forget'; readonly adapter: number }
  /** Whether the logits shown last for this call decide the draw; undefined: asking failed. */
  | { readonly kind: 'verdict'; readonly call: number; readonly enough: boolean | undefined }
  | { readonly kind: 'abort' };

/** Everything to the worker. */
export type ToWorker = (Call & { readonly call: number }) | Tell;

/** A message in its turn. */
export type InTurn = Exclude<ToWorker, { readonly kind: 'verdict' | 'abort' }>;

/** From the worker. */
export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly loaded: number; readonly total: number; readonly name: string }
  | { readonly kind: 'top'; readonly call: number; readonly request: number; readonly top: TopLogits }
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
