// The contract of the fourth stage: frames the ids of one or two texts with special tokens. It is data (a layout), so that the ids-only path and the
// path with offsets share it.
import type { Encoding } from '../encoding.ts';
import type { StageConfig } from '../normalizers/normalizer.ts';

/** A place in the layout: one of the texts, or special tokens. */
export type LayoutPiece =
  | {
      readonly sequence: 0 | 1;
      readonly typeId: number;
      /** Overflowing stretches keep the type of their text, 0 or 1, as the reference's templates leave them. */
      readonly isTypedOnce?: boolean;
    }
  | { readonly ids: readonly number[]; readonly tokens: readonly string[]; readonly typeId: number };

/** Frames encodings; `config` is its tokenizer.json form. */
export interface PostProcessor {
  readonly config: StageConfig;
  /** Where the texts and special tokens go for one text or a pair; undefined leaves them one after the other. */
  layout(isPair: boolean): readonly LayoutPiece[] | undefined;
  /** Corrects offsets into `text` before framing. */
  trim?(encoding: Encoding, text: string): Encoding;
}
