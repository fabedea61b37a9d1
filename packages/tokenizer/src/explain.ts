// How a text becomes tokens, step by step: for teaching and for the visualiser.
import type { MergeStep } from './models/model.ts';

/** One piece of the text and what happened to it. */
export interface PieceExplanation {
  /** The piece as the model sees it (normalised, in the byte alphabet for byte-level vocabularies). */
  readonly piece: string;
  /** Where it came from, in UTF-16 units of the text. */
  readonly range: readonly [number, number];
  /** Every merge in the order it was made; absent for models that do not merge. */
  readonly steps?: readonly MergeStep[];
  /** The tokens at the end. */
  readonly tokens: readonly { readonly id: number; readonly token: string }[];
}
