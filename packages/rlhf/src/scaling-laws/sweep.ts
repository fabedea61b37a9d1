// A sweep: a model of every size at every compute budget, so that the runs of one budget lie on an IsoFLOP curve (Hoffmann et al. 2022, approach 2) and all of them fit the law (approach 3).
// What a run is, its planner and its runner are apart: the runner takes any function that answers a loss, so runs may be trained here, on another machine, or read from a file.
import { checkOptions } from '../check-options.ts';
import { type FlopShape, matmulParameters, trainingFlopsPerToken } from './plan.ts';

/** A run to make. */
export interface SweepRun {
  readonly shape: FlopShape;
  /** Parameters in matrix products. */
  readonly parameters: number;
  /** Tokens to train on. */
  readonly tokens: number;
  /** The budget in FLOPs that the tokens use up. */
  readonly compute: number;
}

/** A run that was made. */
export interface SweepResult extends SweepRun {
  /** Final loss in nats a token, best on held-out text. */
  readonly loss: number;
}

/** Options of {@link planSweep}. */
export interface PlanSweepOptions {
  readonly shapes: readonly FlopShape[];
  /** Budgets in FLOPs. */
  readonly budgets: readonly number[];
  readonly contextLength: number;
  /** Leave out runs of fewer tokens than this times the parameters, and of more; default 0.5 and 500. */
  readonly tokensPerParameter?: readonly [number, number];
}

/**
 * Every shape at every budget, smallest compute first: tokens = budget / (FLOPs a token).
 *
 * @example
 * ```ts
 * import { planSweep } from '@ashlar/rlhf';
 * const shape = (hiddenSize: number) => ({ numLayers: 2, hiddenSize, numHeads: 2, intermediateSize: 2 * hiddenSize, vocabSize: 64 });
 * const runs = planSweep({ shapes: [shape(16), shape(32)], budgets: [1e9, 4e9], contextLength: 32 });
 * // At the smaller budget the wider shape would see less than half a token a parameter, so that run is left out.
 * runs.map((run) => run.compute) // => [1e9, 4e9, 4e9]
 * ```
 */
export function planSweep(options: PlanSweepOptions): SweepRun[] {
  checkOptions(options, ['shapes', 'budgets', 'contextLength', 'tokensPerParameter'], 'planSweep');
  const { shapes, budgets, contextLength, tokensPerParameter: [least, most] = [0.5, 500] } = options;
  for (const compute of budgets)
    if (!(compute > 0)) throw new RangeError(`budgets: expected > 0 FLOPs, got ${compute}`);
  const runs = [...budgets]
    .sort((p, q) => p - q)
    .flatMap((compute) =>
      shapes.map((shape) => {
        const parameters = matmulParameters(shape);
        return { shape, parameters, tokens: compute / trainingFlopsPerToken(shape, contextLength), compute };
      }),
    )
    .filter(({ parameters, tokens }) => tokens >= least * parameters && tokens <= most * parameters);
  if (runs.length === 0)
    throw new RangeError(`budgets: expected runs of ${least} to ${most} tokens a parameter, got none`);
  return runs;
}

/** Options of {@link runSweep}. */
export interface RunSweepOptions {
  /** Results of an earlier, interrupted sweep: runs of the same sizes, tokens and budget are not made again. */
  readonly done?: readonly SweepResult[];
  /** Called after each run, for a log from which `done` is read. */
  readonly onResult?: (result: SweepResult, made: number, of: number) => void | Promise<void>;
  readonly signal?: AbortSignal;
}

const keyOf = ({ shape, tokens, compute }: SweepRun): string =>
  JSON.stringify([Object.entries(shape).sort(), Math.round(tokens), compute]);

/** Makes the runs one after another; `lossOf` trains one and answers its final loss. A loss that is not finite ends the sweep with an error that names the run. */
export async function runSweep(
  runs: readonly SweepRun[],
  lossOf: (run: SweepRun, signal?: AbortSignal) => Promise<number>,
  options: RunSweepOptions = {},
): Promise<SweepResult[]> {
  checkOptions(options, ['done', 'onResult', 'signal'], 'runSweep');
  const { done = [], onResult, signal } = options;
  const known = new Map(done.map((result) => [keyOf(result), result]));
  const results: SweepResult[] = [];
  for (const run of runs) {
    signal?.throwIfAborted();
    const old = known.get(keyOf(run));
    if (old !== undefined) {
      results.push(old);
      continue;
    }
    const loss = await lossOf(run, signal);
    if (!Number.isFinite(loss))
      throw new RangeError(
        `loss of ${run.parameters} parameters at ${run.compute.toExponential()} FLOPs: expected a finite number, got ${loss}`,
      );
    const result = { ...run, loss };
    results.push(result);
    await onResult?.(result, results.length, runs.length);
  }
  return results;
}
