// The ids of one sequence, prompt first. Penalties, DRY, n-gram bans, minimum lengths and the position of the random
// numbers are functions of it, so a rollback of the sequence is a rollback of them all.

/** The ids of one sequence; `tokens[0..length)` are valid. */
export interface TokenHistory {
  /** The buffer; it is replaced when it grows. */
  tokens: Int32Array;
  /** How many ids the sequence has. */
  length: number;
  /** How many of them are the prompt. */
  promptLength: number;
}

/** A history of the given prompt. */
export function createHistory(prompt: ArrayLike<number> = []): TokenHistory {
  const tokens = new Int32Array(Math.max(64, 2 * prompt.length));
  tokens.set(prompt);
  return { tokens, length: prompt.length, promptLength: prompt.length };
}

/** Appends one id. */
export function pushToken(history: TokenHistory, id: number): void {
  if (history.length === history.tokens.length) {
    const wider = new Int32Array(2 * history.length);
    wider.set(history.tokens);
    history.tokens = wider;
  }
  history.tokens[history.length++] = id;
}

/** Drops the last n ids. */
export function dropTokens(history: TokenHistory, n: number): void {
  if (!Number.isSafeInteger(n) || n < 0 || n > history.length)
    throw new RangeError(`rollback: expected 0 <= n <= ${history.length}, got ${n}`);
  history.length -= n;
  history.promptLength = Math.min(history.promptLength, history.length);
}

/** An independent copy. */
export function cloneHistory(history: TokenHistory): TokenHistory {
  return { tokens: history.tokens.slice(), length: history.length, promptLength: history.promptLength };
}
