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
}
