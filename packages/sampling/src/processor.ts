// The one contract of everything that changes or removes logits. Most processors are functions of the row and of the
// history and hold nothing; one that remembers (mirostat, adaptive-p, a grammar) brings all five state methods, so
// that beams, speculation and search can branch and rewind it. llama.cpp has clone alone, Hugging Face neither.
import type { Logits, Row } from './row.ts';
import type { TokenHistory } from './token-history.ts';

/** What a step knows besides the row. */
export interface StepContext {
  /** The ids so far. */
  readonly history: TokenHistory;
  /** The uniform number of the named stream at this position and lane. */
  uniform(stream: string, index?: number): number;
}

/** The memory of a stateful processor. */
export interface ProcessorState {
  /**
   * Told of every id of the sequence. `probability` is the final law's probability of an id that was drawn;
   * undefined for the prompt
   * and for forced ids.
   */
  accept(id: number, probability?: number): void;
  /**
   * The ids that must come next whatever the logits say, at most `most`: a constraint's forced text. What it answers is
   * accepted next, as part of the text.
   */
  forced?(most: number): readonly number[];
  /** Forgets the last n accepted ids. */
  rollback(n: number): void;
  /** The numbers that the memory comes to for the next row: what the step's tensor form needs of it. */
  present?(): readonly number[];
  /** An independent copy of the processor with the same memory. */
  clone(): Processor;
  /** The memory as JSON. */
  save(): unknown;
  /** Takes over what `save` gave. */
  load(saved: unknown): void;
}

/** A step of a chain: changes or removes logits of one row. */
export interface Processor {
  /** The name in `describe` and `explain`. */
  readonly name: string;
  /** The effective options, for `describe`. */
  readonly options: Readonly<Record<string, unknown>>;
  /** True when the most likely token always stays the most likely one, so that a greedy draw may skip the step. */
  readonly argmaxInvariant: boolean;
  /** True for a strictly increasing map of the logits: it changes no order. */
  readonly monotone?: boolean;
  /**
   * True for a step that keeps a set which depends on the order of the logits alone, so that it may run before a
   * monotone one.
   */
  readonly rankOnly?: boolean;
  /**
   * True for a step that raises no logit and looks at none but the one it changes: each stays, sinks or goes. The
   * largest logits of a row then decide a draw where enough of them stay above the rest.
   */
  readonly onlyLowers?: boolean;
  /** Present when the step keeps the `k` largest logits and nothing else, with `ties` also what equals the k-th. */
  readonly keepsTop?: { readonly k: number; readonly ties: boolean };
  /** True for a step that makes its own law and must be the last. */
  readonly last?: boolean;
  /** True for a step that forbids ids by themselves: what a constraint forces is then drawn and not jumped over. */
  readonly forbids?: boolean;
  /** The second row of logits [V] that the step reads, for its tensor form. */
  readonly companion?: (history: TokenHistory) => Logits;
  /** Changes the row in place. */
  process(row: Row, context: StepContext): void;
  /** Present when the processor remembers anything beyond the history. */
  readonly state?: ProcessorState;
}

/** The end of a chain: picks a slot of the row. */
export interface Draw {
  /** The name in `describe`. */
  readonly name: 'greedy' | 'categorical' | 'gumbel';
  /** The slot of the drawn token. */
  pick(row: Row, context: StepContext): number;
}
