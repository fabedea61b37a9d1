// One place of a layout as an encoding: a text with its type ids, or special tokens.
import { type Encoding, emptyEncoding } from '../encoding.ts';
import type { LayoutPiece } from './post-processor.ts';

/** The encoding that stands at a place of the layout. `typesOverflow`: overflowing stretches get its type too, if the place does not say otherwise. */
export function framePiece(
  piece: LayoutPiece,
  first: Encoding,
  second: Encoding | undefined,
  typesOverflow: boolean,
): Encoding {
  if ('sequence' in piece) {
    const typed = (e: Encoding): Encoding => ({
      ...e,
      typeIds: e.ids.map(() => piece.typeId),
      overflowing: piece.isTypedOnce || !typesOverflow ? e.overflowing : e.overflowing.map(typed),
    });
    return typed(piece.sequence === 0 ? first : (second ?? emptyEncoding()));
  }
  return {
    ids: piece.ids,
    typeIds: piece.ids.map(() => piece.typeId),
    tokens: piece.tokens,
    offsets: piece.ids.map(() => [0, 0] as const),
    wordIds: piece.ids.map(() => null),
    sequenceIds: piece.ids.map(() => null),
    specialTokensMask: piece.ids.map(() => 1),
    attentionMask: piece.ids.map(() => 1),
    overflowing: [],
  };
}
