// logits -> id for one sequence: a chain, the history it looks back on, and the source of its randomness. It fits core's TokenSampler. Everything
// that a search needs is here: clone (a branch), fork (another lane of a batch), rollback, save and load.
import { type Chain, cloneChain, createChain, describeChain, runChain } from './chain.ts';
import type { StepContext } from './processor.ts';
import { createRandom, type UniformSource } from './random.ts';
import { createRow, idAt, type Logits, loadRow, type Row, weigh } from './row.ts';
import { processorsOf, type SamplerOptions } from './sampler-options.ts';
import { categorical } from './samplers/categorical.ts';
import { greedy } from './samplers/greedy.ts';
import { cloneHistory, createHistory, dropTokens, pushToken, type TokenHistory } from './token-history.ts';

/** One decision. */
export interface Sampled {
  /** The drawn id. */
  readonly id: number;
  /** The natural logarithm of its probability under the processed law. */
  readonly logprob?: number;
}

/** Draws the ids of one sequence. */
export interface Sampler {
  /** Draws the next id from one row of logits [V], which it may change in place, and appends it to the history. */
  sample(logits: Logits): Sampled;
  /** The law that `sample` would draw from: probabilities [V] in f64. Draws nothing, changes neither the logits nor the sampler. */
  law(logits: Logits): Float64Array;
  /** Appends an id that was not drawn here: before the first draw it belongs to the prompt. */
  accept(id: number, probability?: number): void;
  /** Takes back the last n ids; the randomness of their positions comes again. */
  rollback(n: number): void;
  /** An independent copy: same history, same randomness. */
  clone(): Sampler;
  /** An independent copy with the random numbers of another lane. */
  fork(lane: number): Sampler;
  /** The chain in words. */
  describe(): string;
  /** The ids so far, prompt first, copied. */
  ids(): number[];
}

/**
 * A sampler of one sequence: `draw(steps(logits))`.
 *
 * @throws TypeError for an unknown option, RangeError for an unusable value; while sampling `InvalidLogitsError` for NaN or +Infinity and
 *   `EmptySupportError` when no token is left.
 * @example
 * ```ts
 * import { sampler } from '@ashlar/sampling';
 * const draw = sampler({ temperature: 0.8, topK: 2, seed: 7 });
 * draw.law(Float32Array.of(0, 3, 1, 2))[0] // => 0
 * draw.describe() // => 'temperature(temperature=0.8) -> topK(k=2) -> categorical'
 * [1, 3].includes(draw.sample(Float32Array.of(0, 3, 1, 2)).id) // => true
 * ```
 */
export function sampler(options: SamplerOptions = {}): Sampler {
  const chain = createChain(processorsOf(options), options.greedy ? greedy() : categorical());
  if (options.seed !== undefined && options.random !== undefined)
    throw new TypeError('seed, random: expected one of the two, got both');
  return build({
    chain,
    random: options.random ?? createRandom(options.seed),
    lane: options.lane ?? 0,
    history: createHistory(),
    started: false,
    row: createRow(),
  });
}

interface Parts {
  readonly chain: Chain;
  readonly random: UniformSource;
  readonly lane: number;
  readonly history: TokenHistory;
  /** True after the first draw: from then on accepted ids are no prompt. */
  started: boolean;
  /** Shared by all copies: it is only used within one call. */
  readonly row: Row;
}

function build(parts: Parts): Sampler {
  const { chain, random, lane, history, row } = parts;
  const context: StepContext = {
    history,
    uniform: (stream, index) => random.uniform(stream, history.length, lane, index),
  };
  const stateful = chain.processors.flatMap((p) => (p.state === undefined ? [] : [p.state]));
  const copy = (changed: Partial<Parts>): Sampler =>
    build({ ...parts, chain: cloneChain(chain), history: cloneHistory(history), ...changed });
  const append = (id: number, probability?: number): void => {
    pushToken(history, id);
    if (!parts.started) history.promptLength = history.length;
    for (const state of stateful) state.accept(id, probability);
  };
  const run = (logits: Logits): void => {
    loadRow(row, logits);
    runChain(chain, row, context);
  };
  return {
    sample(logits) {
      run(logits);
      const slot = chain.draw.pick(row, context);
      const id = idAt(row, slot);
      parts.started = true;
      if (row.total === 0 && (stateful.length > 0 || chain.draw.name === 'gumbel')) weigh(row);
      if (row.total === 0) {
        append(id);
        return { id };
      }
      const probability = row.weights[slot] / row.total;
      append(id, probability);
      return { id, logprob: Math.log(probability) };
    },
    law(logits) {
      run(logits.slice());
      const law = new Float64Array(row.vocabSize);
      if (chain.draw.name === 'greedy') law[idAt(row, chain.draw.pick(row, context))] = 1;
      else {
        const total = weigh(row);
        for (let slot = 0; slot < row.n; slot++) law[idAt(row, slot)] = row.weights[slot] / total;
      }
      return law;
    },
    accept: append,
    rollback(n) {
      dropTokens(history, n);
      for (const state of stateful) state.rollback(n);
    },
    clone: () => copy({}),
    fork: (other) => copy({ lane: other }),
    describe: () => describeChain(chain),
    ids: () => Array.from(history.tokens.subarray(0, history.length)),
  };
}
