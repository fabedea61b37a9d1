// ln softmax of a row in f64, removed tokens at -Infinity.
import { createRow, type Logits, loadRow, topSlot, weigh } from '../row.ts';

const scratch = createRow();

/** `l - ln sum exp l` as a new f64 row. */
export function logSoftmax(logits: Logits): Float64Array {
  loadRow(scratch, logits);
  const normaliser = logits[topSlot(scratch)] + Math.log(weigh(scratch));
  return Float64Array.from(logits, (l) => l - normaliser);
}
