// logits -> id for one sequence: a chain, the history it looks back on, and the source of its randomness. It fits
// core's TokenSampler. Everything that a search needs is here: clone (a branch), fork (another lane of a batch),
// rollback, save and load.
import { type Chain, cloneChain, createChain, describeChain, runChain } from './chain.ts';
import { checkInteger } from './check.ts';
import { type Explanation, explainChain } from './explain.ts';
import { rankedLogprob, type TokenLogprob } from './logprobs.ts';
import type { Draw, Processor, StepContext } from './processor.ts';
import { createRandom, type UniformSource } from './random.ts';
import { createRow, idAt, type Logits, loadCandidates, loadRow, type Row, weigh } from './row.ts';
import { processorsOf, type StepOptions } from './sampler-options.ts';
import { categorical } from './samplers/categorical.ts';
import { greedy } from './samplers/greedy.ts';
import { gumbel } from './samplers/gumbel.ts';
import { cloneHistory, createHistory, dropTokens, pushToken, type TokenHistory } from './token-history.ts';
import { clearTop, loadTop, type TopLogits, topPlanOf } from './top-plan.ts';

/** Options of {@link sampler}: the steps, and how the draw is made. */
export interface SamplerOptions extends StepOptions {
  /** The steps themselves, in order, instead of the flat options for them. */
  readonly processors?: readonly Processor[];
  /**
   * How the token is picked; default `'categorical'`. `'gumbel'` has the same law and shares noise between settings.
   */
  readonly draw?: Draw['name'];
  /** Short for `draw: 'greedy'`. */
  readonly greedy?: boolean;
  /** The seed of all randomness, an integer in [0, 2^64); default 0. */
  readonly seed?: number | bigint;
  /** Another source of uniforms instead of a seed. */
  readonly random?: UniformSource;
  /** The row of the batch, part of every random number's key; default 0. */
  readonly lane?: number;
  /**
   * Which logprob a draw reports, with its rank: of the model's own law (`'raw'`) or of the law drawn from (`'processed'`). Default: the processed
   * one without rank where it costs nothing, that is for `'categorical'`.
   */
  readonly logprobs?: 'raw' | 'processed';
  /** Report also the so many most likely tokens; needs `logprobs`. */
  readonly topLogprobs?: number;
}

/** One decision. */
export interface Sampled {
  /** The drawn id. */
  readonly id: number;
  /** The natural logarithm of its probability: processed, or as `logprobs` says. */
  readonly logprob?: number;
  /** 1 + how many tokens are likelier, when `logprobs` is given. */
  readonly rank?: number;
  /** The most likely tokens, when `topLogprobs` is given. */
  readonly top?: readonly TokenLogprob[];
}

/** Some tokens of one step, each id once. */
export interface Candidates {
  /** Their ids. */
  readonly ids: ArrayLike<number>;
  /** Their logits. */
  readonly logits: Logits;
  /** ln sum exp over the whole vocabulary, when known. */
  readonly logSumExp?: number;
}

/** The memory of a sampler as JSON. */
export interface SavedSampler {
  /** The chain in words; `load` refuses another one. */
  readonly chain: string;
  /** All ids. */
  readonly ids: readonly number[];
  /** How many of them are the prompt. */
  readonly promptLength: number;
  /** True after the first draw. */
  readonly started: boolean;
  /** The lane of the random numbers. */
  readonly lane: number;
  /** The seed in decimal; null for an injected source. */
  readonly seed: string | null;
  /** The memory of each stateful step, in order. */
  readonly states: readonly unknown[];
}

/** Draws the ids of one sequence. */
export interface Sampler {
  /** Draws the next id from one row of logits [V], which it may change in place, and appends it to the history. */
  sample(logits: Logits): Sampled;
  /**
   * As `sample`, from some candidates of a vocabulary of `vocabSize`, such as the most likely ones read back from a
   * device. Raw logprobs are then
   * relative to `logSumExp`, which must be given for them.
   */
  sampleCandidates(candidates: Candidates, vocabSize: number): Sampled;
  /**
   * How many of a row's largest logits the next draw needs at the least, with the chain's penalties and constraints; undefined when
   * it needs the whole row (a law of full support, a step that raises logits).
   */
  topNeeded(): number | undefined;
  /**
   * As `sample`, from the largest logits of a row of `vocabSize` alone: draws the same id. Undefined, with nothing changed, when
   * they do not decide: `sample` is to be asked with the row. An argmax reports no processed logprob.
   */
  sampleTop(top: TopLogits, vocabSize: number): Sampled | undefined;
  /**
   * The law that `sample` would draw from: probabilities [V] in f64. Draws nothing, changes neither the logits nor
   * the sampler.
   */
  law(logits: Logits): Float64Array;
  /**
   * Appends an id that was not drawn by `sample`: before the first draw it belongs to the prompt. `probability` is that of the id under `law`
   * when it was drawn from it elsewhere (speculation); mirostat and adaptive-p learn from it.
   */
  accept(id: number, probability?: number): void;
  /**
   * Appends the ids that must come next whatever the logits say, at most `most`, and answers them: text that a
   * constraint forces needs no pass of the model each. Nothing where there is a choice, or where another step forbids
   * ids by themselves. Call it behind the prompt and after every draw.
   */
  jumpAhead(most: number): number[];
  /** Takes back the last n ids; the randomness of their positions comes again. */
  rollback(n: number): void;
  /** An independent copy: same history, same randomness. */
  clone(): Sampler;
  /** An independent copy with the random numbers of another lane. */
  fork(lane: number): Sampler;
  /** A uniform number of a named stream at this position and lane, for algorithms around the sampler. */
  uniform(stream: string, index?: number): number;
  /** The chain in words. */
  describe(): string;
  /** Which step removes which tokens from this row, and how much mass. Changes nothing. */
  explain(logits: Logits): Explanation;
  /** The ids so far, prompt first, copied. */
  ids(): number[];
  /** The memory as JSON. */
  save(): SavedSampler;
  /** Takes over what `save` of a sampler with the same options gave. */
  load(saved: SavedSampler): void;
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
 * draw.describe() // => 'temperature(temperature=0.8) -> topK(k=2, keepTies=true) -> categorical'
 * [1, 3].includes(draw.sample(Float32Array.of(0, 3, 1, 2)).id) // => true
 * draw.ids().length // => 1
 * ```
 */
export function sampler(options: SamplerOptions = {}): Sampler {
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`sampler: expected options as an object, got ${String(options)}`);
  const { processors, draw, greedy: isGreedy, seed, random, lane, logprobs, topLogprobs, ...steps } = options;
  if (processors !== undefined && Object.keys(steps).length > 0)
    throw new TypeError(`processors: expected no other step, got ${Object.keys(steps).join(', ')}`);
  if (isGreedy !== undefined && typeof isGreedy !== 'boolean')
    throw new TypeError(`greedy: expected a boolean, got ${String(isGreedy)}`);
  if (isGreedy && draw !== undefined && draw !== 'greedy')
    throw new TypeError(`greedy, draw: expected one of the two, got ${draw}`);
  if (seed !== undefined && random !== undefined)
    throw new TypeError('seed, random: expected one of the two, got both');
  if (logprobs !== undefined && logprobs !== 'raw' && logprobs !== 'processed')
    throw new TypeError(`logprobs: expected 'raw' or 'processed', got ${String(logprobs)}`);
  if (topLogprobs !== undefined && logprobs === undefined)
    throw new TypeError('topLogprobs: has no effect without logprobs');
  const own = random === undefined ? createRandom(seed) : undefined;
  return build({
    chain: createChain(
      processors ?? processorsOf(steps),
      makeDraw(isGreedy ? 'greedy' : (draw ?? 'categorical')),
    ),
    random: random ?? (own as UniformSource),
    seed: own === undefined ? null : String(own.seed),
    lane: checkInteger('lane', lane ?? 0, 0),
    history: createHistory(),
    started: false,
    logprobs,
    topLogprobs: checkInteger('topLogprobs', topLogprobs ?? 0, 0),
    row: createRow(),
    raw: createRow(),
    scratch: { values: new Float32Array(0) },
  });
}

function makeDraw(name: Draw['name']): Draw {
  if (name === 'greedy') return greedy();
  if (name === 'categorical') return categorical();
  if (name === 'gumbel') return gumbel();
  throw new TypeError(`draw: expected 'greedy', 'categorical' or 'gumbel', got ${String(name)}`);
}

interface Parts {
  readonly chain: Chain;
  readonly random: UniformSource;
  readonly seed: string | null;
  readonly lane: number;
  readonly history: TokenHistory;
  /** True after the first draw: from then on accepted ids are no prompt. */
  readonly started: boolean;
  readonly logprobs: 'raw' | 'processed' | undefined;
  readonly topLogprobs: number;
  /** Shared by all copies: they are only used within one call. */
  readonly row: Row;
  readonly raw: Row;
  /** A row of -Infinity between calls. */
  readonly scratch: { values: Float32Array };
}

function build(parts: Parts): Sampler {
  const { chain, random, seed, lane, history, row, raw, logprobs, topLogprobs, scratch } = parts;
  const plan = topPlanOf(chain, topLogprobs);
  const topPlan = logprobs === 'processed' && plan?.lawless ? undefined : plan;
  let { started } = parts;
  let rawCopy: Float64Array | undefined;
  const context: StepContext = {
    history,
    uniform: (stream, index) => random.uniform(stream, history.length, lane, index),
  };
  const stateful = chain.processors.flatMap((p) => (p.state === undefined ? [] : [p.state]));
  const copy = (changed: Partial<Parts>): Sampler =>
    build({ ...parts, started, chain: cloneChain(chain), history: cloneHistory(history), ...changed });
  const append = (id: number, probability?: number): void => {
    pushToken(history, checkInteger('id', id, 0));
    if (!started) history.promptLength = history.length;
    for (const state of stateful) state.accept(id, probability);
  };
  const draw = (logSumExp: number | undefined, done = 0, lawless = false): Sampled => {
    runChain(chain, row, context, done);
    const slot = chain.draw.pick(row, context);
    const id = idAt(row, slot);
    started = true;
    if (row.total === 0 && (stateful.length > 0 || logprobs === 'processed')) weigh(row);
    const probability = row.total === 0 ? undefined : row.weights[slot] / row.total;
    const ranked =
      logprobs &&
      rankedLogprob(
        logprobs === 'raw' ? raw : row,
        id,
        topLogprobs,
        logprobs === 'raw' ? logSumExp : undefined,
      );
    append(id, chain.draw.name === 'greedy' ? probability && 1 : probability);
    if (ranked === undefined)
      return probability === undefined || lawless ? { id } : { id, logprob: Math.log(probability) };
    const { logprob, rank, top } = ranked;
    return topLogprobs > 0 ? { id, logprob, rank, top } : { id, logprob, rank };
  };
  return {
    sample(logits) {
      if (logprobs === 'raw') {
        // The steps write to the row; the copy is made once and reused.
        if (rawCopy?.length !== logits.length) rawCopy = new Float64Array(logits.length);
        rawCopy.set(logits);
        loadRow(raw, rawCopy);
      }
      loadRow(row, logits);
      return draw(undefined);
    },
    sampleCandidates({ ids, logits, logSumExp }, vocabSize) {
      if (logprobs === 'raw') {
        if (logSumExp === undefined) throw new TypeError('logSumExp: raw logprobs of candidates need it');
        loadCandidates(raw, ids, logits, vocabSize);
      }
      loadCandidates(row, ids, logits, vocabSize);
      return draw(logSumExp);
    },
    topNeeded: () => topPlan?.needed,
    sampleTop(top, vocabSize) {
      if (topPlan === undefined) return undefined;
      if (scratch.values.length !== vocabSize) scratch.values = new Float32Array(vocabSize).fill(-Infinity);
      try {
        if (!loadTop(topPlan, top, scratch.values, row, context)) return undefined;
        if (logprobs === 'raw') loadCandidates(raw, top.ids, top.logits, vocabSize);
        return draw(top.logSumExp, topPlan.lowering.length, topPlan.lawless);
      } finally {
        clearTop(top, scratch.values);
      }
    },
    law(logits) {
      loadRow(row, logits.slice());
      runChain(chain, row, context);
      const law = new Float64Array(row.vocabSize);
      if (chain.draw.name === 'greedy') law[idAt(row, chain.draw.pick(row, context))] = 1;
      else {
        const total = weigh(row);
        for (let slot = 0; slot < row.n; slot++) law[idAt(row, slot)] = row.weights[slot] / total;
      }
      return law;
    },
    accept(id, probability) {
      if (probability !== undefined) started = true;
      append(id, probability);
    },
    jumpAhead(most) {
      if (chain.processors.some((p) => p.forbids === true)) return [];
      const forcing = stateful.filter((state) => state.forced !== undefined);
      if (forcing.length !== 1) return [];
      const ids = [...(forcing[0].forced?.(checkInteger('most', most, 0)) ?? [])];
      if (ids.length > 0) started = true;
      for (const id of ids) append(id);
      return ids;
    },
    rollback(n) {
      dropTokens(history, n);
      for (const state of stateful) state.rollback(n);
    },
    clone: () => copy({}),
    fork: (other) => copy({ lane: checkInteger('lane', other, 0) }),
    uniform: context.uniform,
    describe: () => describeChain(chain),
    explain: (logits) => explainChain(cloneChain(chain), logits, context),
    ids: () => Array.from(history.tokens.subarray(0, history.length)),
    save: () => ({
      chain: describeChain(chain),
      ids: Array.from(history.tokens.subarray(0, history.length)),
      promptLength: history.promptLength,
      started,
      lane,
      seed,
      states: stateful.map((state) => state.save()),
    }),
    load(saved) {
      if (saved.chain !== describeChain(chain))
        throw new TypeError(`load: expected the state of ${describeChain(chain)}, got ${saved.chain}`);
      if (saved.seed !== seed || saved.lane !== lane)
        throw new TypeError(
          `load: expected seed ${seed} and lane ${lane}, got ${saved.seed} and ${saved.lane}`,
        );
      Object.assign(history, createHistory(saved.ids), { promptLength: saved.promptLength });
      started = saved.started;
      stateful.forEach((state, i) => {
        state.load(saved.states[i]);
      });
    },
  };
}
