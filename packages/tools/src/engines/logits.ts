// What a turn does with a row of logits beside drawing from it: biases of a request, and the log probabilities a request asks for.
import type { TokenLogprob, TokenProbability } from './engine.ts';

/** Adds a request's biases in place. @throws RangeError for an id that the vocabulary does not have. */
export function addBias(row: Float32Array, bias: Readonly<Record<string, number>> | undefined): void {
  for (const [key, value] of Object.entries(bias ?? {})) {
    const id = Number(key);
    if (!Number.isInteger(id) || id < 0 || id >= row.length)
      throw new RangeError(`logit_bias: expected token ids from 0 to ${row.length - 1}, got ${key}`);
    row[id] = (row[id] as number) + value;
  }
}

/** ln p of `id` under softmax(logits), beside that of the `top` most probable ids. */
export function tokenLogprob(
  logits: Float32Array,
  id: number,
  top: number,
  bytesOf: (id: number) => Uint8Array,
): TokenLogprob {
  let most = Number.NEGATIVE_INFINITY;
  for (const x of logits) if (x > most) most = x;
  let sum = 0;
  for (const x of logits) sum += Math.exp(x - most);
  const total = most + Math.log(sum);
  const of = (one: number): TokenProbability => {
    const bytes = bytesOf(one);
    return { token: new TextDecoder().decode(bytes), bytes, logprob: (logits[one] as number) - total };
  };
  return { ...of(id), top: largest(logits, top).map(of) };
}

/** The ids of the `count` largest logits, the largest first, equal ones by id. */
function largest(logits: Float32Array, count: number): number[] {
  const best: number[] = [];
  for (let id = 0; id < logits.length && count > 0; id++) {
    const x = logits[id] as number;
    if (best.length === count && !(x > (logits[best[count - 1] as number] as number))) continue;
    let at = best.length;
    while (at > 0 && (logits[best[at - 1] as number] as number) < x) at--;
    best.splice(at, 0, id);
    if (best.length > count) best.pop();
  }
  return best;
}
