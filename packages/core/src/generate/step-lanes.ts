// One pass of the model for all lanes of a batch. A lane with a speculator asks for the logits behind each of its guesses: the shorter prefixes run
// on forks of the sequence, which share its pages, so that guesses cost one pass and not one each. What the speculator did not keep is cut off again.
import type { LanguageModel, Sequence } from './language-model.ts';
import type { TokenSampler, TokenSpeculator } from './token-seams.ts';

/** What a pass needs of a lane. */
export interface SteppedLane<S extends Sequence> {
  readonly sequence: S;
  readonly sampler: TokenSampler;
  readonly speculator: TokenSpeculator | undefined;
  readonly next: ArrayLike<number>;
  readonly made: number;
  /** True when more ids follow before anything is drawn: the pass only appends. */
  readonly partial?: boolean;
}

/** One id that a pass gives. */
export interface LaneDraw {
  /** The logits that it is drawn from. */
  readonly row: Float32Array;
  /** How many ids stand before it. */
  readonly length: number;
  choose(): { readonly id: number; readonly logprob?: number };
}

/** What a pass gives one lane: at least one draw. */
export interface LaneResult {
  readonly draws: readonly LaneDraw[];
  /** Cuts the sequence behind the first `count` draws, but for the last id, which is not computed yet. */
  keep(count: number): void;
}

/** Steps every lane once; `room` says how many guesses a lane may have. */
export async function stepLanes<S extends Sequence>(
  model: LanguageModel<S>,
  lanes: readonly SteppedLane<S>[],
  room: (lane: SteppedLane<S>) => number,
): Promise<LaneResult[]> {
  // No guesses with the prompt: it would be computed once for each of them.
  const guesses = await Promise.all(
    lanes.map((lane) =>
      lane.speculator !== undefined && lane.made > 0 && !lane.partial
        ? lane.speculator.guess(room(lane))
        : [],
    ),
  );
  const forks: S[] = [];
  const requests = lanes.flatMap((lane, i) => {
    const shorter = guesses[i].map((_, n) => {
      const sequence = lane.sequence.fork() as S;
      forks.push(sequence);
      return { sequence, ids: [...Array.from(lane.next), ...guesses[i].slice(0, n)] };
    });
    const ids = guesses[i].length === 0 ? lane.next : [...Array.from(lane.next), ...guesses[i]];
    return [...shorter, { sequence: lane.sequence, ids }];
  });
  let rows: Float32Array[];
  try {
    rows = await model.step(requests);
  } finally {
    for (const fork of forks) fork.dispose();
  }
  let from = 0;
  return lanes.map((lane, i) => {
    const own = rows.slice(from, from + guesses[i].length + 1);
    from += own.length;
    if (lane.partial) return { draws: [], keep: () => {} };
    const { sequence, sampler, speculator } = lane;
    const length = sequence.length - guesses[i].length;
    if (speculator === undefined)
      return { draws: [{ row: own[0], length, choose: () => sampler.sample(own[0]) }], keep: () => {} };
    const draws = speculator
      .settle(own)
      .map((drawn, n) => ({ row: own[n], length: length + n, choose: () => drawn }));
    return { draws, keep: (count) => sequence.truncate(length + count - 1) };
  });
}
