// Diverse beam search (Vijayakumar et al. 2016, arXiv 1610.02424) with the Hamming term: in each step the groups
// choose in turn, and a token that earlier groups chose in this step is handicapped. Unlike Hugging Face's, the
// handicap decides between candidates only; scores stay log-probabilities.
import { checkInteger, checkNumber } from '../check.ts';
import {
  advanceGroup,
  type BeamOptions,
  beamSettings,
  createGroup,
  type Hypothesis,
  processedLogprobs,
} from './beam-group.ts';
import { logSoftmax } from './log-softmax.ts';
import { logitsAfter, type SequenceModel } from './sequence-model.ts';

/** Options of {@link diverseBeamSearch}; `beams` counts all groups together. */
export interface DiverseBeamOptions extends BeamOptions {
  /** How many groups, a divisor of `beams`. */
  readonly groups: number;
  /** The handicap for each earlier group's beam that chose the same token, >= 0. */
  readonly diversityPenalty: number;
}

/**
 * `beams / groups` texts of each group, each group best first, in the order of the groups.
 *
 * @throws RangeError when groups does not divide beams or the penalty is negative.
 */
export async function diverseBeamSearch(
  model: SequenceModel,
  prompt: readonly number[],
  options: DiverseBeamOptions,
): Promise<Hypothesis[][]> {
  const whole = beamSettings('diverseBeamSearch', options, ['groups', 'diversityPenalty']);
  const count = checkInteger('groups', options.groups, 1);
  const penalty = checkNumber(
    'diversityPenalty',
    options.diversityPenalty,
    '0 <= penalty < Infinity',
    (x) => x >= 0 && x < Infinity,
  );
  if (whole.beams % count !== 0)
    throw new RangeError(`groups: expected a divisor of ${whole.beams} beams, got ${count}`);
  const settings = { ...whole, beams: whole.beams / count };
  const groups = Array.from({ length: count }, () => createGroup(prompt, options.processors ?? []));
  while (groups.some((group) => !group.done)) {
    options.signal?.throwIfAborted();
    const active = groups.filter((group) => !group.done);
    const beams = active.flatMap((group) => group.running);
    const logits = await logitsAfter(
      model,
      beams.map((beam) => [...prompt, ...beam.ids]),
    );
    const rows = beams.map((beam, lane) =>
      processedLogprobs(beam, logSoftmax(logits[lane]), lane, settings.random),
    );
    const chosen = new Map<number, number>();
    let from = 0;
    for (const group of active) {
      const own = rows.slice(from, from + group.running.length);
      from += group.running.length;
      advanceGroup(group, own, settings, (id) => penalty * (chosen.get(id) ?? 0));
      for (const { ids } of group.running) {
        const last = ids[ids.length - 1];
        chosen.set(last, (chosen.get(last) ?? 0) + 1);
      }
    }
  }
  return groups.map((group) => [...group.finished]);
}
