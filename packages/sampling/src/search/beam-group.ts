// A group of beams: the running prefixes, the finished texts, and one step of them. Plain beam search is one group;
// diverse beam search is several that see each other's choices. Scores and stopping are Hugging Face's: sum of
// log-probabilities / length^lengthPenalty, a pool of max(2, 1 + ends) B candidates, an end only counts among the
// first B of it.
import { createChain, runChain } from '../chain.ts';
import { checkIds, checkInteger, checkKnown, checkNumber } from '../check.ts';
import type { Processor } from '../processor.ts';
import { createRandom, type UniformSource } from '../random.ts';
import { createRow, idAt, loadRow } from '../row.ts';
import { greedy } from '../samplers/greedy.ts';
import { cloneHistory, createHistory, pushToken, type TokenHistory } from '../token-history.ts';

/** Options that all beam searches share. */
export interface BeamOptions {
  /** How many beams, >= 1. */
  readonly beams: number;
  /** The longest text, in new ids, >= 1. */
  readonly maxNewTokens: number;
  /** Ids that end a text; default none. */
  readonly eosTokenIds?: ArrayLike<number>;
  /** The power of the length that a score is divided by; 0 is the plain sum, default 1. */
  readonly lengthPenalty?: number;
  /**
   * When to stop: `false` (default) when no running beam, at its present length, beats the worst finished text; `true` when there are `beams` finished texts;
   * `'never'` when none can, at any length.
   */
  readonly earlyStopping?: boolean | 'never';
  /**
   * Steps on every row of log-probabilities, before scores are added; default none. Stateful ones are copied with
   * their beam.
   */
  readonly processors?: readonly Processor[];
  /** The randomness of such steps; default seed 0. */
  readonly random?: UniformSource;
  /** Ends the search with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** A text that a search found. */
export interface Hypothesis {
  /** The new ids, the end included. */
  readonly ids: readonly number[];
  /** The sum of the (processed) log-probabilities. */
  readonly logprob: number;
  /** logprob / length^lengthPenalty. */
  readonly score: number;
  /** True when it ends with an end id. */
  readonly finished: boolean;
}

/** The checked options. */
export interface BeamSettings {
  readonly beams: number;
  readonly maxNewTokens: number;
  readonly eos: ReadonlySet<number>;
  readonly lengthPenalty: number;
  readonly earlyStopping: boolean | 'never';
  readonly random: UniformSource;
}

/** The names of the shared options. */
export const beamOptionNames: readonly string[] = [
  ...[
    'beams',
    'maxNewTokens',
    'eosTokenIds',
    'lengthPenalty',
    'earlyStopping',
    'processors',
    'random',
    'signal',
  ],
];

/** Checks the shared options of the search `owner`. */
export function beamSettings(
  owner: string,
  options: BeamOptions,
  more: readonly string[] = [],
): BeamSettings {
  checkKnown(owner, options, [...beamOptionNames, ...more]);
  const earlyStopping = options.earlyStopping ?? false;
  if (earlyStopping !== 'never' && typeof earlyStopping !== 'boolean')
    throw new TypeError(`earlyStopping: expected true, false or 'never', got ${String(earlyStopping)}`);
  return {
    beams: checkInteger('beams', options.beams, 1),
    maxNewTokens: checkInteger('maxNewTokens', options.maxNewTokens, 1),
    eos: new Set(checkIds('eosTokenIds', options.eosTokenIds ?? [])),
    lengthPenalty: checkNumber(
      'lengthPenalty',
      options.lengthPenalty ?? 1,
      'a finite number',
      Number.isFinite,
    ),
    earlyStopping,
    random: options.random ?? createRandom(0),
  };
}

/** A running prefix. */
export interface Beam {
  readonly ids: readonly number[];
  readonly logprob: number;
  readonly processors: readonly Processor[];
  readonly history: TokenHistory;
}

/** Running and finished texts of one group. */
export interface BeamGroup {
  running: readonly Beam[];
  finished: readonly Hypothesis[];
  done: boolean;
}

/** A group that starts with the prompt alone. */
export function createGroup(prompt: readonly number[], processors: readonly Processor[]): BeamGroup {
  const beam: Beam = {
    ids: [],
    logprob: 0,
    processors: copyOf(processors),
    history: createHistory(prompt),
  };
  for (const id of prompt) for (const step of beam.processors) step.state?.accept(id);
  return { running: [beam], finished: [], done: false };
}

const copyOf = (processors: readonly Processor[]): readonly Processor[] =>
  processors.map((step) => step.state?.clone() ?? step);

const row = createRow();

/** The processed log-probabilities [V] after a beam; `logprobs` is written to. */
export function processedLogprobs(
  beam: Beam,
  logprobs: Float64Array,
  lane: number,
  random: UniformSource,
): Float64Array {
  if (beam.processors.length === 0) return logprobs;
  loadRow(row, logprobs);
  const { history } = beam;
  const uniform = (stream: string, index?: number): number =>
    random.uniform(stream, history.length, lane, index);
  runChain(createChain(beam.processors, greedy()), row, { history, uniform });
  const result = new Float64Array(row.vocabSize).fill(-Infinity);
  for (let slot = 0; slot < row.n; slot++) result[idAt(row, slot)] = row.values[slot];
  return result;
}

/** The beam with one more id. */
export function extendBeam(beam: Beam, id: number, logprob: number): Beam {
  const history = cloneHistory(beam.history);
  pushToken(history, id);
  const processors = copyOf(beam.processors);
  for (const step of processors) step.state?.accept(id);
  return { ids: [...beam.ids, id], logprob, processors, history };
}

interface Candidate {
  readonly beam: number;
  readonly id: number;
  readonly logprob: number;
  readonly key: number;
}

/**
 * One step of the group. `rows[b]` are the processed log-probabilities after running beam b; `handicap(id)` is
 * subtracted when candidates are
 * compared, never from a score.
 */
export function advanceGroup(
  group: BeamGroup,
  rows: readonly Float64Array[],
  settings: BeamSettings,
  handicap: (id: number) => number = () => 0,
): void {
  const { beams, eos, lengthPenalty, maxNewTokens } = settings;
  const pool = bestCandidates(group, rows, Math.max(2, 1 + eos.size) * beams, handicap);
  const length = group.running[0].ids.length + 1;
  const scale = length ** lengthPenalty;
  const finished = [...group.finished];
  const running: Beam[] = [];
  pool.forEach(({ beam, id, logprob }, place) => {
    const parent = group.running[beam];
    if (eos.has(id)) {
      if (place < beams)
        finished.push({ ids: [...parent.ids, id], logprob, score: logprob / scale, finished: true });
    } else if (running.length < beams) running.push(extendBeam(parent, id, logprob));
  });
  if (length === maxNewTokens)
    for (const beam of running)
      finished.push({ ids: beam.ids, logprob: beam.logprob, score: beam.logprob / scale, finished: false });
  finished.sort((a, b) => b.score - a.score);
  group.finished = finished.slice(0, beams);
  group.running = running;
  group.done = length === maxNewTokens || running.length === 0 || cannotImprove(group, length, settings);
}

function cannotImprove(group: BeamGroup, length: number, settings: BeamSettings): boolean {
  const { beams, lengthPenalty, earlyStopping, maxNewTokens } = settings;
  if (group.finished.length < beams) return false;
  if (earlyStopping === true) return true;
  const best = Math.max(...group.running.map((beam) => beam.logprob));
  // A sum only falls; divided by a longer length it may still rise, so the bound of 'never' takes the longest.
  const bestLength = earlyStopping === 'never' && lengthPenalty > 0 ? maxNewTokens : length;
  return best / bestLength ** lengthPenalty <= group.finished[beams - 1].score;
}

/** The `count` best continuations; ties go to the lower beam, then to the lower id. */
function bestCandidates(
  group: BeamGroup,
  rows: readonly Float64Array[],
  count: number,
  handicap: (id: number) => number,
): Candidate[] {
  const best: Candidate[] = [];
  group.running.forEach((beam, index) => {
    const logprobs = rows[index];
    for (let id = 0; id < logprobs.length; id++) {
      if (logprobs[id] === -Infinity) continue;
      const logprob = beam.logprob + logprobs[id];
      const key = logprob - handicap(id);
      if (best.length === count && key <= best[count - 1].key) continue;
      let place = best.length === count ? count - 1 : best.length;
      for (; place > 0 && best[place - 1].key < key; place--) best[place] = best[place - 1];
      best[place] = { beam: index, id, logprob, key };
    }
  });
  return best;
}
