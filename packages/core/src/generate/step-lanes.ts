// One pass of the model for all lanes of a batch. A lane with a speculator asks for the logits behind each of its guesses: the shorter prefixes run
// on forks of the sequence, which share its pages, so that guesses cost one pass and not one each. What the speculator did not keep is cut off again.
import type { LanguageModel, ReadRequest, Sequence, TopLogits } from './language-model.ts';
import type { Drawn, TokenSampler, TokenSpeculator } from './token-seams.ts';

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
  /** The logits that it is drawn from: the row, or what of it decides the draw. */
  readonly logits: Float32Array | TopLogits;
  /** How many ids stand before it. */
  readonly length: number;
  choose(): Drawn;
}

/** What a pass gives one lane: at least one draw. */
export interface LaneResult {
  readonly draws: readonly LaneDraw[];
  /** Cuts the sequence behind the first `count` draws, but for the last id, which is not computed yet. */
  keep(count: number): void;
}

/** Steps every lane once; `room` says how many guesses a lane may have, `logprobs` how many of the most probable ids its steps report. */
export async function stepLanes<S extends Sequence>(
  model: LanguageModel<S>,
  lanes: readonly SteppedLane<S>[],
  room: (lane: SteppedLane<S>) => number,
  logprobs: (lane: SteppedLane<S>) => number | undefined,
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
  const early = new Map<SteppedLane<S>, () => Drawn>();
  const requests = lanes.flatMap((lane, i): ReadRequest<S>[] => {
    const shorter = guesses[i].map((_, n) => {
      const sequence = lane.sequence.fork() as S;
      forks.push(sequence);
      return { sequence, ids: [...Array.from(lane.next), ...guesses[i].slice(0, n)], read: 'row' as const };
    });
    const ids = guesses[i].length === 0 ? lane.next : [...Array.from(lane.next), ...guesses[i]];
    const read = lane.partial
      ? 'nothing'
      : wantedOf(lane, model.vocabSize, logprobs(lane), (drawn) => early.set(lane, drawn));
    return [...shorter, { sequence: lane.sequence, ids, read }];
  });
  let rows: readonly (Float32Array | TopLogits | undefined)[];
  try {
    rows = await (model.readStep === undefined ? model.step(requests) : model.readStep(requests));
  } finally {
    for (const fork of forks) fork.dispose();
  }
  let from = 0;
  return lanes.map((lane, i) => {
    const own = rows.slice(from, from + guesses[i].length + 1) as (Float32Array | TopLogits)[];
    from += own.length;
    if (lane.partial) return { draws: [], keep: () => {} };
    const { sequence, sampler, speculator } = lane;
    const length = sequence.length - guesses[i].length;
    const [logits] = own;
    if (!(logits instanceof Float32Array))
      return { draws: [{ logits, length, choose: early.get(lane) as () => Drawn }], keep: () => {} };
    if (speculator === undefined)
      return { draws: [{ logits, length, choose: () => sampler.sample(logits) }], keep: () => {} };
    const draws = speculator
      .settle(own as Float32Array[])
      .map((drawn, n) => ({ logits: own[n], length: length + n, choose: () => drawn }));
    return { draws, keep: (count) => sequence.truncate(length + count - 1) };
  });
}

/** What a lane's draw has to see. The draw is made when its logits come, so that a row can still be read where they do not decide it; a failure waits for its turn. */
function wantedOf<S extends Sequence>(
  { sampler, speculator }: SteppedLane<S>,
  vocabSize: number,
  logprobs: number | undefined,
  keep: (drawn: () => Drawn) => void,
): ReadRequest['read'] {
  const needed = speculator === undefined ? sampler.topNeeded?.() : undefined;
  if (needed === undefined || sampler.sampleTop === undefined) return 'row';
  return {
    count: Math.min(vocabSize, Math.max(needed, logprobs ?? 0)),
    enough(top) {
      try {
        const drawn = sampler.sampleTop?.(top, vocabSize);
        if (drawn === undefined) return false;
        keep(() => drawn);
      } catch (error) {
        keep(() => {
          throw error;
        });
      }
      return true;
    },
  };
}
