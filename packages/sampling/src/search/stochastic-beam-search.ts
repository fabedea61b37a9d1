// Stochastic beam search (Kool, van Hoof, Welling 2019, arXiv 1903.06059): the k texts with the largest
// Gumbel-perturbed log-probability, found top down, are k draws without replacement from the model's law over texts. A
// child's noise is drawn conditioned on the parent's being the maximum.
import { checkIds, checkInteger, checkKnown } from '../check.ts';
import type { Processor } from '../processor.ts';
import { createRandom, type UniformSource } from '../random.ts';
import { type Beam, createGroup, extendBeam, processedLogprobs } from './beam-group.ts';
import { logSoftmax } from './log-softmax.ts';
import { logitsAfter, type SequenceModel } from './sequence-model.ts';

/** Options of {@link stochasticBeamSearch}. */
export interface StochasticBeamOptions {
  /** How many different texts to draw, >= 1. */
  readonly beams: number;
  /** The longest text, in new ids, >= 1. */
  readonly maxNewTokens: number;
  /** Ids that end a text; default none. */
  readonly eosTokenIds?: ArrayLike<number>;
  /** Steps on every row; what they leave is renormalised. Default none. */
  readonly processors?: readonly Processor[];
  /** The randomness; default seed 0. */
  readonly random?: UniformSource;
  /** The lane of the random numbers; default 0. */
  readonly lane?: number;
  /** Ends the search with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** A text drawn without replacement. */
export interface DrawnText {
  /** The new ids, the end included. */
  readonly ids: readonly number[];
  /** Its log-probability. */
  readonly logprob: number;
  /** Its perturbed log-probability: the texts come in descending order of it, which is the order of drawing. */
  readonly key: number;
}

/**
 * `beams` different texts drawn without replacement from the (processed) law over texts, in the order of drawing.
 *
 * Fewer when there are not so many texts.
 *
 * @throws TypeError or RangeError for options; the signal's reason when aborted.
 */
export async function stochasticBeamSearch(
  model: SequenceModel,
  prompt: readonly number[],
  options: StochasticBeamOptions,
): Promise<DrawnText[]> {
  checkKnown('stochasticBeamSearch', options, [
    'beams',
    'maxNewTokens',
    'eosTokenIds',
    'processors',
    'random',
    'lane',
    'signal',
  ]);
  const count = checkInteger('beams', options.beams, 1);
  const maxNewTokens = checkInteger('maxNewTokens', options.maxNewTokens, 1);
  const eos = new Set(checkIds('eosTokenIds', options.eosTokenIds ?? []));
  const random = options.random ?? createRandom(0);
  const lane = checkInteger('lane', options.lane ?? 0, 0);
  let open: { beam: Beam; key: number }[] = [
    { beam: createGroup(prompt, options.processors ?? []).running[0], key: 0 },
  ];
  let closed: DrawnText[] = [];
  for (let length = 1; open.length > 0; length++) {
    options.signal?.throwIfAborted();
    const logits = await logitsAfter(
      model,
      open.map(({ beam }) => [...prompt, ...beam.ids]),
    );
    const next: { parent: Beam; id: number; logprob: number; key: number }[] = [];
    open.forEach(({ beam, key }, index) => {
      const logprobs = logSoftmax(processedLogprobs(beam, logSoftmax(logits[index]), lane, random));
      const noise = (id: number): number =>
        random.uniform('beam', prompt.length + length, lane, index * logprobs.length + id);
      for (const child of perturbedChildren(logprobs, beam.logprob, key, noise))
        next.push({ parent: beam, ...child });
    });
    // Texts that have ended keep their place among the best k.
    next.sort((a, b) => b.key - a.key);
    const keys = [...closed.map((text) => text.key), ...next.slice(0, count).map((child) => child.key)];
    const least = keys.length <= count ? -Infinity : keys.sort((a, b) => b - a)[count - 1];
    closed = closed.filter((text) => text.key >= least);
    open = [];
    for (const { parent, id, logprob, key } of next.slice(0, count)) {
      if (key < least) break;
      const ended = eos.has(id) || length === maxNewTokens;
      if (ended) closed.push({ ids: [...parent.ids, id], logprob, key });
      else open.push({ beam: extendBeam(parent, id, logprob), key });
    }
  }
  return closed.sort((a, b) => b.key - a.key).slice(0, count);
}

/** Children with Gumbel(logprob) keys, conditioned on the largest being `parentKey` (appendix B.3 of the paper). */
function perturbedChildren(
  logprobs: Float64Array,
  parentLogprob: number,
  parentKey: number,
  noise: (id: number) => number,
): { id: number; logprob: number; key: number }[] {
  const free: { id: number; logprob: number; key: number }[] = [];
  let largest = -Infinity;
  for (let id = 0; id < logprobs.length; id++) {
    if (logprobs[id] === -Infinity) continue;
    const logprob = parentLogprob + logprobs[id];
    const key = logprob - Math.log(-Math.log(noise(id)));
    if (key > largest) largest = key;
    free.push({ id, logprob, key });
  }
  return free.map(({ id, logprob, key }) => {
    const v = parentKey - key + Math.log1p(-Math.exp(key - largest));
    return { id, logprob, key: parentKey - Math.max(0, v) - Math.log1p(Math.exp(-Math.abs(v))) };
  });
}
