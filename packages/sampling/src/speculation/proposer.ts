// Who guesses the next ids. A proposer may say with which law it drew each one; without a law the guess is certain
// (one-hot), as for a look-up.

/** Guessed ids of one sequence. */
export interface Proposal {
  /** The guesses, in order; may be empty. */
  readonly ids: readonly number[];
  /** The law [V] that each guess was drawn from; absent when the guesses were not drawn by chance. */
  readonly laws?: readonly Float64Array[];
}

/** Guesses the continuation of one sequence. */
export interface Proposer {
  /** At most `count` guesses for what follows the ids that were observed. */
  propose(count: number): Proposal | Promise<Proposal>;
  /** Told of the ids that the target has settled on: the prompt first, then each step's result. */
  observe(ids: readonly number[]): void;
}
