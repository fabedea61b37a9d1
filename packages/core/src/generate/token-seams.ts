// What generation takes from other packages, as structural types: a tokenizer of @ashlar/tokenizer and a sampler of @ashlar/sampling fit,
// and so does anything else with these calls.

import type { TopLogits } from './language-model.ts';

/** One message of a chat; templates may use further fields. */
export interface ChatMessage {
  readonly role: string;
  readonly content?: unknown;
}

/** Text to ids and ids to bytes. */
export interface TokenCodec {
  /** Ids of a text, with the special tokens the model expects around it. */
  encode(text: string): ArrayLike<number>;
  /** The bytes an id stands for; undefined for ids outside of the vocabulary. */
  tokenBytes(id: number): Uint8Array | undefined;
  /** The model's own template, with the marker for the assistant's turn at the end. */
  encodeChat?(messages: readonly ChatMessage[]): ArrayLike<number>;
  readonly eosTokenIds?: readonly number[];
  /** Control tokens: they end up in `ids`, never in `text`. */
  readonly specialIds?: ReadonlySet<number>;
}

/** An id, and its log-probability where that is known. */
export interface Drawn {
  readonly id: number;
  readonly logprob?: number;
}

/** Draws ids from rows of logits. */
export interface TokenSampler {
  /** Draws the next id from one row of logits [V]; may change the row in place. */
  sample(logits: Float32Array): Drawn;
  /** How many of a row's largest logits the next draw needs at the least; undefined when it needs the whole row. */
  topNeeded?(): number | undefined;
  /** Draws, from the largest logits of a row of `vocabSize`, what `sample` would draw from the whole row; undefined, with nothing changed, when they do not decide. */
  sampleTop?(top: TopLogits, vocabSize: number): Drawn | undefined;
  /** Told of every id of the sequence that it did not draw itself: the prompt, forced tokens. */
  accept?(id: number): void;
  /**
   * Takes, as part of the text, the ids that must come next whatever the logits say, at most `most`, and answers them: a constraint's forced text
   * costs no pass each. Asked behind the prompt and after every draw, unless log-probabilities are wanted.
   */
  jumpAhead?(most: number): readonly number[];
  /** An independent copy for lane `lane` of a batch, with its own random stream. */
  fork?(lane: number): TokenSampler;
}

/** Guesses ids and keeps those that the sampler's law keeps: speculation, as @ashlar/sampling's `speculator` does it. */
export interface TokenSpeculator {
  /** At most `most` guesses for what follows. */
  guess(most: number): readonly number[] | Promise<readonly number[]>;
  /**
   * The new ids: the guesses that stay and, unless one of them ends the text, one more. `rows[i]` are the logits [V] behind the first i guesses;
   * they must not be changed.
   */
  settle(rows: readonly Float32Array[]): readonly Drawn[];
  /** Told of the ids of the prompt. */
  accept(id: number): void;
  /** An independent copy for lane `lane` of a batch, with its own random stream. */
  fork?(lane: number): TokenSpeculator;
}
