// What all trainers may be told.

/** Where a training stands. */
export interface TrainingProgress {
  readonly stage: 'count' | 'merge' | 'expectation' | 'prune';
  /** Pieces, merges or rounds done. */
  readonly done: number;
  /** Of how many, where that is known. */
  readonly of?: number;
}

/** Options that all trainers share. */
export interface TrainingOptions {
  /** Number of ids in all: control tokens, alphabet and learned tokens. */
  readonly vocabSize: number;
  /** Control tokens; they get the first ids, and text is cut at them. */
  readonly specialTokens?: readonly string[];
  /** Called now and then with how far it is. */
  readonly onProgress?: (progress: TrainingProgress) => void;
  /** Stops the training with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Throws unless `vocabSize` is a positive integer. */
export function checkVocabSize(vocabSize: number): void {
  if (!Number.isInteger(vocabSize) || vocabSize < 1)
    throw new RangeError(`vocabSize: expected an integer >= 1, got ${vocabSize}`);
}
