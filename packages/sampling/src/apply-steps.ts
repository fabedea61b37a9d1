// A chain as a pure function of one row, for teaching and for tests: what comes in is not changed. The hot path is
// `sampler`.
import { checkKnown } from './check.ts';
import type { Processor } from './processor.ts';
import { createRandom, type UniformSource } from './random.ts';
import { createRow, idAt, type Logits, loadRow } from './row.ts';
import { createHistory, pushToken } from './token-history.ts';

/** The surroundings of {@link applySteps}. */
export interface ApplyOptions {
  /** The ids of the prompt; default none. */
  readonly prompt?: ArrayLike<number>;
  /** The ids generated so far; default none. */
  readonly generated?: ArrayLike<number>;
  /** Where random numbers come from; default seed 0. */
  readonly random?: UniformSource;
  /** The lane of the random numbers; default 0. */
  readonly lane?: number;
}

/**
 * The logits [V] after the steps, removed tokens at -Infinity, in the type that came in. The argument is not changed.
 *
 * @throws what the steps throw.
 * @example
 * ```ts
 * import { applySteps, topK } from '@ashlar/sampling';
 * Array.from(applySteps([topK({ k: 2 })], Float32Array.of(1, 3, 2))) // => [-Infinity, 3, 2]
 * ```
 */
export function applySteps<L extends Logits>(
  steps: readonly Processor[],
  logits: L,
  options: ApplyOptions = {},
): L {
  checkKnown('applySteps', options, ['prompt', 'generated', 'random', 'lane']);
  const history = createHistory(options.prompt);
  const generated = options.generated ?? [];
  for (let i = 0; i < generated.length; i++) pushToken(history, generated[i]);
  const random = options.random ?? createRandom(0);
  const context = {
    history,
    uniform: (stream: string, index?: number) =>
      random.uniform(stream, history.length, options.lane ?? 0, index),
  };
  const row = createRow();
  loadRow(row, logits.slice());
  for (const step of steps) step.process(row, context);
  const result = logits.slice().fill(-Infinity) as L;
  for (let slot = 0; slot < row.n; slot++) result[idAt(row, slot)] = row.values[slot];
  return result;
}
