// What a search needs of a model: the logits after a prefix. Structural, so that core's runtime, a remote server or a
// toy table fits.
import type { Logits } from '../row.ts';

/** Gives the logits [V] of the id that follows a prefix; a search never writes to them. */
export interface SequenceModel {
  /** The logits after one prefix. */
  nextLogits(prefix: readonly number[]): Logits | Promise<Logits>;
  /** The logits after several prefixes, in one pass of the model; default: one after another. */
  nextLogitsOf?(prefixes: readonly (readonly number[])[]): readonly Logits[] | Promise<readonly Logits[]>;
}

/** The logits after each prefix, in one call when the model can. */
export async function logitsAfter(
  model: SequenceModel,
  prefixes: readonly (readonly number[])[],
): Promise<readonly Logits[]> {
  if (prefixes.length === 0) return [];
  if (model.nextLogitsOf !== undefined) {
    const rows = await model.nextLogitsOf(prefixes);
    if (rows.length !== prefixes.length)
      throw new RangeError(`nextLogitsOf: expected ${prefixes.length} rows, got ${rows.length}`);
    return rows;
  }
  const rows: Logits[] = [];
  for (const prefix of prefixes) rows.push(await model.nextLogits(prefix));
  return rows;
}
