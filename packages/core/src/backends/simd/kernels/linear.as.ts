// y[t, r] = sum_k W[r, k] x[t, k] (+ bias[r]) for weights that stay packed in memory (packed.as.ts) or are plain floats. One token (decoding) unpacks weights in
// registers and runs at the speed of memory; several share a panel (panel.as.ts). The threads split the rows of W.
//
// Packed weights multiply 16-bit activations, quantised in blocks of 32 (norm.as.ts): exact integer products, the rounding is 2^-16 of a block's largest value.
//
// args: kind, w, x, xq, xScale, xSum, y, ldy, tokens, k, n, bias, scratch, scratch bytes a thread
import { floats1, floats4 } from './linear-floats.as';
import { share } from './math.as';
import { oneToken } from './one-token.as';
import { isWide, panels } from './panel.as';
import { bytePanels } from './panel-bytes.as';

/** Added to the kind: activations of 8 bits (several tokens, kinds of nibbles). */
const BYTES: i32 = 16;

export function linear(args: usize, thread: i32, threads: i32): void {
  const kind = load<i32>(args), n = load<i32>(args, 40);
  const tokens = load<i32>(args, 32);
  const unit = tokens > 1 && isWide() ? 16 : 8; // rows that are taken together
  const r0 = share(n, unit, thread, threads), r1 = share(n, unit, thread + 1, threads);
  if (r0 >= r1) return;
  if (kind === 0 || kind === 3 || kind === 4) {
    let t = 0;
    for (; t + 4 <= tokens; t += 4) floats4(args, kind, r0, r1, t);
    for (; t < tokens; t++) floats1(args, kind, r0, r1, t);
  } else if (tokens > 1) {
    const scratch = <usize>load<i32>(args, 48) + <usize>thread * <usize>load<i32>(args, 52);
    if (kind >= BYTES) bytePanels(args, kind - BYTES, r0, r1, scratch);
    else panels(args, r0, r1, scratch);
  } else oneToken(args, kind, r0, r1);
}
