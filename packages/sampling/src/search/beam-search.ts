// Beam search with Hugging Face's scores and stopping rules (see beam-group.ts). The canonical one of the textbooks is
// `earlyStopping: 'never'` with `lengthPenalty: 0`.
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

/**
 * The `beams` texts with the highest score that a beam of that width finds, best first.
 *
 * With at least V^maxNewTokens beams it is exhaustive; with one it is greedy.
 *
 * @throws TypeError or RangeError for options; the signal's reason when aborted.
 * @example
 * ```ts
 * import { beamSearch } from '@ashlar/sampling';
 * const next = (prefix: readonly number[]) => Float32Array.from([0, 1, 2], (id) => (id === prefix.length ? 3 : 0));
 * const model = { nextLogits: next };
 * const [best] = await beamSearch(model, [], { beams: 2, maxNewTokens: 3 });
 * best.ids // => [0, 1, 2]
 * ```
 */
export async function beamSearch(
  model: SequenceModel,
  prompt: readonly number[],
  options: BeamOptions,
): Promise<Hypothesis[]> {
  const settings = beamSettings('beamSearch', options);
  const group = createGroup(prompt, options.processors ?? []);
  while (!group.done) {
    options.signal?.throwIfAborted();
    const logits = await logitsAfter(
      model,
      group.running.map((beam) => [...prompt, ...beam.ids]),
    );
    const rows = group.running.map((beam, lane) =>
      processedLogprobs(beam, logSoftmax(logits[lane]), lane, settings.random),
    );
    advanceGroup(group, rows, settings);
  }
  return [...group.finished];
}
