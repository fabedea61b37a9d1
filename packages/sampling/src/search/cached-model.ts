/// <reference lib="esnext.disposable" preserve="true" />
// A model with a key-value cache as a SequenceModel: prefixes that extend what was seen before are continued, branches
// are forked, what a search has left is truncated or freed. Structural: core's models fit. A run of growing prefixes
// (the guesses of a speculation) is one pass: with `stepAll`, where the model has it, else on forks.
import type { Logits } from '../row.ts';
import type { SequenceModel } from './sequence-model.ts';

/** The cache of one prefix. */
export interface CachedSequence {
  /** The ids that it holds. */
  readonly ids: readonly number[];
  /** A second one with the same past. */
  fork(): CachedSequence;
  /** Forgets the ids from `length` on. */
  truncate(length: number): void;
  /** Frees it. */
  dispose(): void;
}

/** A model that continues cached prefixes. */
export interface CachedModel<S extends CachedSequence = CachedSequence> {
  /** An empty cache. */
  newSequence(): S;
  /** Appends ids to caches; the logits [V] behind the last id of each. */
  step(
    requests: readonly { readonly sequence: S; readonly ids: ArrayLike<number> }[],
  ): Promise<readonly Logits[]>;
  /** As `step`, with the logits behind every appended id, where the model can do that in one pass. */
  stepAll?(
    requests: readonly { readonly sequence: S; readonly ids: ArrayLike<number> }[],
  ): Promise<readonly (readonly Logits[])[]>;
}

/** A {@link SequenceModel} that owns caches. */
export interface CachedSequenceModel extends SequenceModel {
  /** The logits after several prefixes. */
  nextLogitsOf(prefixes: readonly (readonly number[])[]): Promise<readonly Logits[]>;
  /** Frees the caches. */
  dispose(): void;
  /** Frees the caches. */
  [Symbol.dispose](): void;
}

/** Growing prefixes, each the start of the next, and the cache that computes them. */
interface Run<S> {
  readonly at: number[]; // their places among the asked prefixes
  readonly lengths: number[];
  ids: readonly number[]; // the longest
  sequence: S;
  shared: number;
}

/** Wraps a model with caches. Dispose of the result to free them; the model itself stays the caller's. */
export function cachedModel<S extends CachedSequence>(model: CachedModel<S>): CachedSequenceModel {
  let live: S[] = [];

  const startOf = (ids: readonly number[], prefix: readonly number[], limit: number): number => {
    const end = Math.min(ids.length, prefix.length, limit);
    let n = 0;
    while (n < end && ids[n] === prefix[n]) n++;
    return n;
  };
  const runsOf = (prefixes: readonly (readonly number[])[]): Run<S>[] => {
    const runs: Run<S>[] = [];
    prefixes.forEach((ids, i) => {
      if (ids.length === 0) throw new RangeError('prefix: expected at least one id, got none');
      const last = runs[runs.length - 1];
      if (
        last !== undefined &&
        ids.length > last.ids.length &&
        startOf(ids, last.ids, ids.length) === last.ids.length
      ) {
        last.at.push(i);
        last.lengths.push(ids.length);
        last.ids = ids;
      } else
        runs.push({ at: [i], lengths: [ids.length], ids, sequence: undefined as unknown as S, shared: 0 });
    });
    return runs;
  };
  /** Gives each run the cache with the longest common start, a fork of it where several want the same. */
  const attach = (runs: readonly Run<S>[]): void => {
    const wanted = runs.map((run) => {
      let best = -1;
      live.forEach((sequence, i) => {
        const shared = startOf(sequence.ids, run.ids, run.lengths[0] - 1);
        if (shared > run.shared) {
          run.shared = shared;
          best = i;
        }
      });
      return best;
    });
    const taken = new Set<number>();
    // All forks before any truncation: a fork needs the whole past.
    runs.forEach((run, r) => {
      const source = wanted[r];
      if (source < 0) run.sequence = model.newSequence();
      else if (taken.has(source)) run.sequence = live[source].fork() as S;
      else {
        taken.add(source);
        run.sequence = live[source];
      }
    });
    live.forEach((sequence, i) => {
      if (!taken.has(i)) sequence.dispose();
    });
    live = runs.map((run) => run.sequence);
    for (const run of runs) {
      try {
        run.sequence.truncate(run.shared);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error; // a window has passed over it: start again
        run.sequence.truncate(0);
        run.shared = 0;
      }
    }
  };
  const nextLogitsOf = async (prefixes: readonly (readonly number[])[]): Promise<readonly Logits[]> => {
    const runs = runsOf(prefixes);
    attach(runs);
    const results = new Array<Logits>(prefixes.length);
    if (model.stepAll !== undefined && runs.some((run) => run.at.length > 1)) {
      const rows = await model.stepAll(
        runs.map(({ sequence, ids, shared }) => ({ sequence, ids: ids.slice(shared) })),
      );
      runs.forEach(({ at, lengths, shared }, r) => {
        at.forEach((place, i) => {
          results[place] = rows[r][lengths[i] - 1 - shared];
        });
      });
      return results;
    }
    // One pass all the same: the shorter prefixes of a run are computed on forks, which share what is cached.
    const asked = runs.flatMap((run) =>
      run.at.map((place, i) => {
        const isLongest = i === run.at.length - 1;
        const sequence = isLongest ? run.sequence : (run.sequence.fork() as S);
        return { place, isLongest, sequence, ids: run.ids.slice(run.shared, run.lengths[i]) };
      }),
    );
    try {
      const rows = await model.step(asked.map(({ sequence, ids }) => ({ sequence, ids })));
      asked.forEach(({ place }, i) => {
        results[place] = rows[i];
      });
    } finally {
      for (const { isLongest, sequence } of asked) if (!isLongest) sequence.dispose();
    }
    return results;
  };
  const dispose = (): void => {
    for (const sequence of live) sequence.dispose();
    live = [];
  };
  return {
    nextLogits: async (prefix) => (await nextLogitsOf([prefix]))[0],
    nextLogitsOf,
    dispose,
    [Symbol.dispose]: dispose,
  };
}
