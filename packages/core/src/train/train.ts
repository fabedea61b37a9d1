// The loop: windows of micro-batches in, steps out, until the step asked for. It owns nothing but the order of calls: what is learned, from which data and by which rule are arguments,
// and so a transformer, a character RNN and an adapter train through the same function.
import { checkOptions } from '../check-options.ts';
import type { Objective } from './objective.ts';
import type { Optimizer } from './optimizers/optimizer.ts';
import type { Schedule } from './schedules/schedule.ts';
import { type StepReport, type TrainState, trainStep } from './train-step.ts';

/** A line of the log: what a step did and how fast. */
export interface LogEntry extends StepReport {
  readonly tokensPerSecond: number;
  readonly secondsPerStep: number;
  /** Achieved share of `peakFlops`, when both FLOP figures were given. */
  readonly modelFlopsUtilization?: number;
  /** Seconds until the last step at the present speed. */
  readonly secondsLeft: number;
  /** Whatever `evaluate` answered at this step. */
  readonly evaluation?: Readonly<Record<string, number>>;
}

/** Options of {@link train}. */
export interface TrainOptions<Batch> {
  readonly objective: Objective<Batch>;
  readonly optimizer: Optimizer;
  readonly schedule: Schedule;
  /** Step to end at, counted from the very beginning of the run. */
  readonly steps: number;
  /** The i-th micro-batch of the run, a pure function of i: resuming needs nothing but the count. */
  readonly batchAt: (index: number) => Batch | Promise<Batch>;
  /** Micro-batches a step; default 1. */
  readonly accumulate?: number;
  /** Clip the gradients' global norm; default 1, `Infinity` for none. */
  readonly maxNorm?: number;
  readonly averageDecay?: number;
  /** Give up after this many steps in a row that were not finite; default 0: throw at the first. */
  readonly maxSkippedInARow?: number;
  /** Called after every step with what it measured. */
  readonly onStep?: (entry: LogEntry, state: TrainState) => void | Promise<void>;
  /** Measures the state every so many steps and at the last one. */
  readonly evaluate?: {
    readonly every: number;
    /** What to do then. */
    readonly run: (state: TrainState) => Promise<Readonly<Record<string, number>>>;
  };
  /** Saves the state every so many steps and at the last one. */
  readonly save?: {
    readonly every: number;
    /** Keeps the state somewhere. */
    readonly run: (state: TrainState) => Promise<void>;
  };
  /** Stops after the step in progress; the state is returned, not thrown away. */
  readonly signal?: AbortSignal;
  /** For the utilisation: FLOPs of one token, forward and backward, and of the machine in one second. */
  readonly flopsPerToken?: number;
  readonly peakFlops?: number;
  /** Seconds, for tests; default `performance.now() / 1000`. */
  readonly clock?: () => number;
}

const known = [
  'objective',
  'optimizer',
  'schedule',
  'steps',
  'batchAt',
  'accumulate',
  'maxNorm',
  'averageDecay',
  'maxSkippedInARow',
  'onStep',
  'evaluate',
  'save',
  'signal',
  'flopsPerToken',
  'peakFlops',
  'clock',
];

/**
 * Trains `state` up to `options.steps` and returns the final state; consumes the state given.
 *
 * Training 2n steps, and training n, saving, loading and training n more, give the same bits on the same backend. Throws a `NonFiniteError` that names
 * the tensor when a loss or gradient is not finite (see `maxSkippedInARow`).
 */
export async function train<Batch>(state: TrainState, options: TrainOptions<Batch>): Promise<TrainState> {
  checkOptions(options, known, 'train');
  const { accumulate = 1, maxNorm = 1, maxSkippedInARow = 0, steps, signal } = options;
  if (!(Number.isInteger(accumulate) && accumulate >= 1))
    throw new RangeError(`accumulate: expected a positive integer, got ${accumulate}`);
  for (const [name, value] of Object.entries({ batchAt: options.batchAt, schedule: options.schedule }))
    if (typeof value !== 'function') throw new TypeError(`${name}: expected a function, got ${typeof value}`);
  if (typeof options.objective?.loss !== 'function')
    throw new TypeError('objective: expected one, as languageModelObjective(config) makes it');
  if (!(typeof steps === 'number' && steps >= 0))
    throw new RangeError(`steps: expected a number >= 0, got ${steps}`);
  if (state?.optimizer?.step === undefined)
    throw new TypeError('state: expected one, as initTrainState(parameters, optimizer) makes it');
  const clock = options.clock ?? (() => performance.now() / 1000);
  let current = state;
  let skippedInARow = 0;
  let smoothed = 0;
  while (current.optimizer.step < steps && signal?.aborted !== true) {
    const started = clock();
    const window: Batch[] = [];
    for (let m = 0; m < accumulate; m++) window.push(await options.batchAt(current.windows * accumulate + m));
    const { state: next, report } = await trainStep(current, window, options.objective, {
      optimizer: options.optimizer,
      learningRate: options.schedule(current.optimizer.step + 1),
      ...(maxNorm === Number.POSITIVE_INFINITY ? {} : { maxNorm }),
      ...(options.averageDecay === undefined ? {} : { averageDecay: options.averageDecay }),
      onNonFinite: skippedInARow < maxSkippedInARow ? 'skip' : 'throw',
    });
    current = next;
    skippedInARow = report.skipped === undefined ? 0 : skippedInARow + 1;
    const seconds = Math.max(1e-9, clock() - started);
    smoothed = smoothed === 0 ? seconds : 0.9 * smoothed + 0.1 * seconds;
    const isLast = current.optimizer.step >= steps;
    const due = (every: number): boolean =>
      report.skipped === undefined && (isLast || current.optimizer.step % every === 0);
    const evaluation =
      options.evaluate !== undefined && due(options.evaluate.every)
        ? await options.evaluate.run(current)
        : undefined;
    await options.onStep?.(
      entryOf(report, seconds, smoothed * (steps - current.optimizer.step), evaluation, options),
      current,
    );
    if (options.save !== undefined && due(options.save.every)) await options.save.run(current);
  }
  return current;
}

function entryOf<Batch>(
  report: StepReport,
  seconds: number,
  secondsLeft: number,
  evaluation: Readonly<Record<string, number>> | undefined,
  { flopsPerToken, peakFlops }: TrainOptions<Batch>,
): LogEntry {
  const tokensPerSecond = report.tokens / seconds;
  return {
    ...report,
    tokensPerSecond,
    secondsPerStep: seconds,
    secondsLeft,
    ...(flopsPerToken === undefined || peakFlops === undefined
      ? {}
      : { modelFlopsUtilization: (tokensPerSecond * flopsPerToken) / peakFlops }),
    ...(evaluation === undefined ? {} : { evaluation }),
  };
}

/** One line for a terminal: a bar, step, loss, gradient norm, speed and time left. */
export function progressLine(entry: LogEntry, steps: number, width = 20): string {
  const filled = Math.min(width, Math.round((entry.step / steps) * width));
  const bar = '#'.repeat(filled) + '.'.repeat(width - filled);
  const mfu =
    entry.modelFlopsUtilization === undefined
      ? ''
      : `  mfu ${(100 * entry.modelFlopsUtilization).toFixed(1)} %`;
  const minutes = Math.floor(entry.secondsLeft / 60);
  const left = `${minutes}:${String(Math.floor(entry.secondsLeft % 60)).padStart(2, '0')}`;
  return `[${bar}] ${entry.step}/${steps}  loss ${entry.loss.toFixed(4)}  |g| ${entry.gradNorm.toFixed(2)}  ${entry.tokensPerSecond.toFixed(0)} tok/s${mfu}  ${left} left`;
}
