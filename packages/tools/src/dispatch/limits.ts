// Budgets of one run, each with its own finish reason (rule 23). Sampled and forced tokens are counted apart.

/** Limits of a run. */
export interface Limits {
  /** Rounds of calls and results; the last one tells the model that no more follow. */
  readonly steps: number;
  readonly calls: number;
  readonly callsPerTool: number;
  /** Calls of one round; the rest get over-budget results. */
  readonly callsPerStep: number;
  readonly sampledTokens: number;
  readonly forcedTokens: number;
  /** Tokens of one result that the model is shown. */
  readonly resultTokens: number;
  /** The same call (name and arguments) this often in a row is answered with an error; once more ends the run. */
  readonly repeats: number;
  /** Malformed or invalid calls in a row before the run ends. */
  readonly retries: number;
  readonly wallTimeMs: number;
  readonly callTimeoutMs: number;
  /** Hard maximum of a call that reports progress. */
  readonly callMaxMs: number;
  readonly concurrency: number;
}

const defaults: Limits = {
  steps: 16,
  calls: 64,
  callsPerTool: 32,
  callsPerStep: 8,
  sampledTokens: 16_384,
  forcedTokens: 65_536,
  resultTokens: 2_000,
  repeats: 3,
  retries: 4,
  wallTimeMs: 300_000,
  callTimeoutMs: 30_000,
  callMaxMs: 120_000,
  concurrency: 4,
};

/** The limits with defaults filled in. @throws RangeError for a limit that is no positive number, TypeError for an unknown one. */
export function limitsOf(given: Partial<Limits> = {}): Limits {
  for (const [key, value] of Object.entries(given)) {
    if (!(key in defaults))
      throw new TypeError(`limits.${key}: expected one of ${Object.keys(defaults).join(', ')}`);
    if (!(typeof value === 'number' && value > 0))
      throw new RangeError(`limits.${key}: expected > 0, got ${String(value)}`);
  }
  return { ...defaults, ...given };
}
