// How every bench measures: the two sides alternate in one run, several rounds, and the median of each counts. These machines are noisy, so a
// ratio of medians of interleaved runs is the figure; the absolute numbers only give its scale.

/** One line of a bench: `ratio` is always written so that more than 1 means ours is better. */
export interface BenchLine {
  readonly bench: string;
  readonly metric: string;
  readonly unit: string;
  readonly ours: number;
  readonly peer: string;
  readonly peerValue: number | null;
  readonly ratio: number | null;
  readonly runs: number;
  readonly reason?: string;
}

/** What a bench reports: higher is better unless `lowerIsBetter`. */
export interface Measurement {
  readonly metric: string;
  readonly unit: string;
  readonly ours: number;
  readonly peer: string;
  readonly peerValue: number | null;
  readonly runs?: number;
  readonly lowerIsBetter?: boolean;
  /** Why there is no `peerValue`. */
  readonly reason?: string;
}

/** The callback that a `bench/NAME.bench.ts` gets: `export async function run(report: Report): Promise<void>`. */
export type Report = (measurement: Measurement) => void;

/** The median. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** Runs the contestants in turn, `rounds` times after one warm-up each, and answers the median of what each returned (a rate or a time). */
export async function alternate<K extends string>(
  contestants: Readonly<Record<K, () => number | Promise<number>>>,
  rounds = 5,
): Promise<Record<K, number>> {
  const names = Object.keys(contestants) as K[];
  const seen = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<K, number[]>;
  for (const name of names) await contestants[name]();
  for (let round = 0; round < rounds; round++) {
    for (const name of names) seen[name].push(await contestants[name]());
  }
  return Object.fromEntries(names.map((name) => [name, median(seen[name])])) as Record<K, number>;
}

/** Seconds that `work` takes, by the monotonic clock. */
export async function seconds(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

/**
 * Seconds that `work` takes of the thread it runs on, whatever else the machine does: the lesser of the clock, which others' work makes longer, and the
 * process's CPU time, which helper threads (collector, compiler) add to. Neither is ever less than what the thread itself took.
 */
export async function spent(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  const start = performance.now();
  const result = work();
  if (result instanceof Promise) await result;
  const clock = (performance.now() - start) / 1e3;
  const { user, system } = process.cpuUsage(before);
  return Math.min(clock, (user + system) / 1e6);
}

/** Imports a peer that may not be installed or loadable: the module, or the reason why not. */
export async function peer<T>(specifier: string): Promise<{ module: T } | { reason: string }> {
  try {
    return { module: (await import(specifier)) as T };
  } catch (error) {
    return {
      reason: `${specifier} cannot be loaded: ${((error as Error).message ?? String(error)).split('\n')[0]}`,
    };
  }
}
