/// <reference lib="esnext.disposable" preserve="true" />
// What generation needs of a model, whatever runs it: the composite path, a fused executor or a recurrent network all answer the same
// two calls, a new sequence and a step.

/** The tokens a model has seen in one conversation, with its state. */
export interface Sequence {
  readonly ids: readonly number[];
  readonly length: number;
  /** A second sequence with the same past. */
  fork(): Sequence;
  /** Forgets all tokens from `length` on. */
  truncate(length: number): void;
  /** Gives its memory back; any further use throws. */
  dispose(): void;
  /** The same, for `using`. */
  [Symbol.dispose](): void;
}

/** Tokens to append to one sequence. */
export interface StepRequest<S extends Sequence = Sequence> {
  readonly sequence: S;
  /** At least one id. */
  readonly ids: ArrayLike<number>;
}

/** The largest logits of a row, likeliest first, the lower id first among equals; no NaN. */
export interface TopLogits {
  readonly ids: Int32Array;
  readonly logits: Float32Array;
  /** ln sum exp over the whole row: `logits[i] - logSumExp` is a log-probability. */
  readonly logSumExp: number;
}

/** Wants the `count` largest logits of a row, and the whole row after all where `enough` says that they are not enough. */
export interface TopRead {
  readonly count: number;
  /** Whether these decide the draw. */
  enough(top: TopLogits): boolean | Promise<boolean>;
}

/** Ids to append, and what is to be read behind the last of them. */
export interface ReadRequest<S extends Sequence = Sequence> extends StepRequest<S> {
  readonly read: 'row' | 'nothing' | TopRead;
}

/** A model that continues sequences of ids. */
export interface LanguageModel<S extends Sequence = Sequence> {
  readonly vocabSize: number;
  /** Longest sequence the model was made for. */
  readonly maxPositions: number;
  /** Longest sequence it can compute: more than `maxPositions`, or Infinity, where positions are not a table. Default `maxPositions`. */
  readonly lastPosition?: number;
  readonly eosTokenIds: readonly number[];
  /** An empty sequence. */
  newSequence(): S;
  /** Appends each request's ids; answers the logits [V] behind each one's last id. All sequences or, on an error, none are changed. */
  step(requests: readonly StepRequest<S>[]): Promise<Float32Array[]>;
  /**
   * As `step`, for models whose logits lie on a device: reads what is wanted. Answers the whole row [V] where it was wanted, where `enough` said no, and wherever that is
   * simpler; undefined at most where nothing was wanted.
   */
  readStep?(requests: readonly ReadRequest<S>[]): Promise<(Float32Array | TopLogits | undefined)[]>;
}
