// The contract of the third stage: turns one piece of text into tokens.

/** A token of a piece: its id and which UTF-8 bytes of the piece it covers. */
export interface ModelToken {
  readonly id: number;
  readonly start: number;
  readonly end: number;
  /** What it stands for, where that is not the vocabulary's entry: the text of an unknown token. */
  readonly text?: string;
}

/** What may vary from call to call. */
export interface ModelOptions {
  /** Probability that a merge is passed over (BPE dropout); needs `uniform`. */
  readonly dropout?: number;
  /** Draws from [0, 1). */
  readonly uniform?: () => number;
  /** Control tokens that the text may not become, whatever it spells. */
  readonly excluded?: ReadonlySet<number>;
}

/** One merge: the parts joined, its place in the order of merges, and the symbols of the piece after it. */
export interface MergeStep {
  readonly left: string;
  readonly right: string;
  readonly rank: number;
  readonly symbols: readonly string[];
}

/** Turns a piece of text into tokens; `config()` is its tokenizer.json form. */
export interface Model {
  /** Number of ids of the model itself, added tokens not counted. */
  readonly size: number;
  /** One more than the greatest id, where ids have gaps. */
  readonly limit?: number;
  tokenize(piece: string, options?: ModelOptions): ModelToken[];
  /** Pushes the ids that `tokenize` gives for a well-formed piece, without making objects. */
  putIds?(piece: string, excluded: ReadonlySet<number> | undefined, out: number[]): void;
  tokenToId(token: string): number | undefined;
  idToToken(id: number): string | undefined;
  /** The merges of a piece in order, for models that merge. */
  explain?(piece: string): MergeStep[];
  config(): ModelConfig;
}

/** A model as tokenizer.json writes it. */
export interface ModelConfig {
  readonly type: string;
  readonly [parameter: string]: unknown;
}
