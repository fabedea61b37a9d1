// A long result is cut to a number of tokens: head and tail stay, the middle is named with a handle under which the rest can be read (rule 27).
// Cuts fall between code points. The full text goes to a store, which is the disk of the LLM OS.

/** Keeps full results by handle. */
export interface ResultStore {
  /** Keeps a text under its handle. */
  set(handle: string, text: string): void;
  /** The text under a handle. */
  get(handle: string): string | undefined;
}
/** A store in memory. */
export function memoryStore(): ResultStore {
  const texts = new Map<string, string>();
  return { set: (handle, text) => void texts.set(handle, text), get: (handle) => texts.get(handle) };
}

/** Tokens of a text when no tokenizer is at hand: four characters each, but never less than one per three bytes beyond ASCII. */
export function estimateTokens(text: string): number {
  let wide = 0;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) wide++;
  return Math.ceil((text.length - wide) / 4 + wide);
}

/** `text` cut to about `limit` tokens, or as it is. `count` may be called several times. */
export function truncateResult(
  text: string,
  limit: number,
  handle: string,
  count: (text: string) => number = estimateTokens,
): { readonly text: string; readonly cut: boolean } {
  // A text can have no more tokens than bytes, so long texts are not counted whole.
  const slack = text.slice(0, limit * 64);
  if (slack.length === text.length && count(text) <= limit) return { text, cut: false };
  const points = text.length > limit * 64 ? undefined : [...text];
  const take = (n: number): { head: string; tail: string } => {
    const front = Math.ceil(n * 0.7);
    const back = n - front;
    if (points)
      return { head: points.slice(0, front).join(''), tail: back === 0 ? '' : points.slice(-back).join('') };
    return { head: whole(text.slice(0, front)), tail: back === 0 ? '' : wholeTail(text.slice(-back)) };
  };
  let low = 0;
  let high = Math.min(points?.length ?? text.length, limit * 64);
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const { head, tail } = take(middle);
    if (count(head) + count(tail) <= limit) low = middle;
    else high = middle - 1;
  }
  const { head, tail } = take(low);
  const left = text.length - head.length - tail.length;
  return {
    text: `${head}\n[... ${left} characters left out; read more with handle ${handle} ...]\n${tail}`,
    cut: true,
  };
}

const whole = (text: string): string => (/[\ud800-\udbff]$/.test(text) ? text.slice(0, -1) : text);
const wholeTail = (text: string): string => (/^[\udc00-\udfff]/.test(text) ? text.slice(1) : text);
