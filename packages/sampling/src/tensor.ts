// The same steps on tf tensors [B, V], for chains that stay on the device: a step made by the package's factories is
// read (name and effective options) and written as stock tfjs ops, every row with its own history. Steps that only add
// constants are not written twice: the step itself runs on a row of zeros and what it adds is scattered. Of steps with
// a memory of the draws (mirostat, adaptive-p) every row has a copy of its own. A contract test holds both forms
// together. Nothing is read back here but by `readTop`.

import * as tf from '@tensorflow/tfjs-core';
import { checkKnown } from './check.ts';
import type { Processor } from './processor.ts';
import { createRandom, type UniformSource } from './random.ts';
import { createRow, idAt, loadRow } from './row.ts';
import { ownLawForms } from './tensor-own-law.ts';
import {
  atLeast,
  cut,
  entropyOf,
  type Form,
  full,
  isOpen,
  keepCounts,
  keepMass,
  logLaw,
  massTolerance,
  maxOf,
  none,
  type Options,
  type Rows,
  sortedTop,
  sumOf,
} from './tensor-rows.ts';
import { createHistory, type TokenHistory } from './token-history.ts';

/** The surroundings of {@link applyStepsOnTensor}. */
export interface TensorStepOptions {
  /** The history of each row; default empty. */
  readonly histories?: readonly TokenHistory[];
  /** Where random numbers come from; default seed 0. */
  readonly random?: UniformSource;
  /** The lane of the first row; the next rows have the next lanes. Default 0. */
  readonly firstLane?: number;
  /**
   * For steps with a memory: each row's own copies of all the steps (`state.clone()`), which are told of its draws. Default: the steps themselves, for one row.
   */
  readonly stepsByRow?: readonly (readonly Processor[])[];
}

/** What the step does to a row of `value`, as pairs of id and result; ids it removes have -Infinity. */
function probe(
  step: Processor,
  size: number,
  value: number,
  rows: Rows,
): { indices: number[][]; values: number[] } {
  const row = createRow();
  const indices: number[][] = [];
  const values: number[] = [];
  rows.forEach((context, r) => {
    loadRow(row, new Float64Array(size).fill(value));
    step.process(row, context);
    const after = new Float64Array(size).fill(none);
    for (let slot = 0; slot < row.n; slot++) after[idAt(row, slot)] = row.values[slot];
    for (let id = 0; id < size; id++)
      if (after[id] !== value) {
        indices.push([r, id]);
        values.push(after[id]);
      }
  });
  return { indices, values };
}

function scatter(indices: number[][], values: number[], shape: [number, number]): tf.Tensor2D {
  if (indices.length === 0) return tf.zeros(shape);
  return tf.scatterND(tf.tensor2d(indices, undefined, 'int32'), tf.tensor1d(values), shape) as tf.Tensor2D;
}

/** A step that adds constants: run on zeros, and what it adds is added. */
const additive: Form = (l, _options, step, rows) => {
  const { indices, values } = probe(step, l.shape[1], 0, rows);
  const finite = values.map((v) => (v === none ? 0 : v));
  const banned = values.map((v) => (v === none ? 1 : 0));
  const mask = tf.greater(scatter(indices, banned, l.shape), 0.5);
  return tf.where(mask, tf.fill(l.shape, none), tf.add(l, scatter(indices, finite, l.shape))) as tf.Tensor2D;
};

const forms: Readonly<Record<string, Form>> = {
  logitBias: additive,
  sequenceBias: additive,
  badWords: additive,
  dry: additive,
  noRepeatNgram: additive,
  minNewTokens: additive,
  allowedIds: additive,
  suppressIds: additive,
  forcedIds: (l, options, step, rows) => {
    // On zeros: 0 at the forced id and -Infinity elsewhere, or zeros where nothing is forced.
    const own = additive(tf.zerosLike(l) as tf.Tensor2D, options, step, rows);
    return tf.where(tf.all(isOpen(own), 1, true), l, own) as tf.Tensor2D;
  },
  encoderRepetition: (l, { penalty }, step, rows) => {
    // On ones the step gives p where it acts.
    const { indices } = probe(step, l.shape[1], 1, rows);
    const acts = tf.greater(
      scatter(
        indices,
        indices.map(() => 1),
        l.shape,
      ),
      0.5,
    );
    return tf.where(
      acts,
      tf.where(tf.greater(l, 0), tf.mul(l, penalty), tf.div(l, penalty)),
      l,
    ) as tf.Tensor2D;
  },
  exponentialDecayLength: (l, _options, step, rows) => {
    // On a row of ones the step gives 1 + growth.
    const { indices, values } = probe(step, l.shape[1], 1, rows);
    const growth = scatter(
      indices,
      values.map((v) => v - 1),
      l.shape,
    );
    return tf.where(isOpen(l), tf.add(l, tf.mul(tf.abs(l), growth)), l) as tf.Tensor2D;
  },
  penalties: (l, options, _step, rows) => {
    const { repetition, frequency, presence, lastN, repetitionScope, frequencyScope } = options as Record<
      string,
      never
    >;
    const seen = new Map<string, [number, number, number, number]>();
    rows.forEach(({ history }, r) => {
      const from = lastN === undefined ? 0 : Math.max(0, history.length - lastN);
      for (let i = from; i < history.length; i++) {
        const id = history.tokens[i];
        if (id >= l.shape[1]) continue;
        const entry = seen.get(`${r}/${id}`) ?? [r, id, 0, 0];
        if (repetitionScope === 'all' || i >= history.promptLength) entry[2] = 1;
        if (frequencyScope === 'all' || i >= history.promptLength) entry[3]++;
        seen.set(`${r}/${id}`, entry);
      }
    });
    const entries = [...seen.values()];
    const at = entries.map(([r, id]) => [r, id]);
    const repeated = tf.greater(
      scatter(
        at,
        entries.map((e) => e[2]),
        l.shape,
      ),
      0.5,
    );
    const minus = scatter(
      at,
      entries.map((e) => (e[3] > 0 ? e[3] * frequency + presence : 0)),
      l.shape,
    );
    const scaled = tf.where(tf.greater(l, 0), tf.div(l, repetition), tf.mul(l, repetition));
    return tf.sub(tf.where(repeated, scaled, l), minus) as tf.Tensor2D;
  },
  ...ownLawForms,
  dropInvalid: (l) =>
    tf.where(tf.isNaN(l), tf.fill(l.shape, none), tf.minimum(l, 3.4028234663852886e38)) as tf.Tensor2D,
  renormalize: (l) => tf.sub(l, tf.logSumExp(l, 1, true)) as tf.Tensor2D,
  temperature: (l, { temperature }) => scale(l, temperature),
  dynamicTemperature: (l, { temperature, range, exponent }) => {
    if (range === 0) return scale(l, temperature);
    const n = sumOf(tf.cast(isOpen(l), 'float32'));
    const low = Math.max(0, temperature - range);
    const share = tf.pow(tf.div(entropyOf(logLaw(l)), tf.log(tf.maximum(n, 2))), exponent);
    const t = tf.add(low, tf.mul(temperature + range - low, share));
    return tf.where(tf.lessEqual(n, 1), l, tf.div(l, tf.maximum(t, 1e-30))) as tf.Tensor2D;
  },
  topK: (l, { k, keepTies }) => {
    if (k >= l.shape[1]) return l;
    return keepCounts(l, l, sortedTop(l, k), full(l, k), keepTies);
  },
  topP: (l, { p, minKeep }) => (p === 1 ? l : keepMass(l, l, logLaw(l).p, p, minKeep, false)),
  minP: (l, { p, minKeep }) =>
    p === 0 ? l : atLeast(l, p >= 1 ? maxOf(l) : tf.add(maxOf(l), Math.log(p)), minKeep),
  typicalP: (l, { p, keepTies, minKeep }) => {
    if (p === 1) return l;
    const law = logLaw(l);
    const distance = tf.neg(tf.abs(tf.add(law.safeLog, entropyOf(law))));
    const keys = tf.where(isOpen(l), distance, tf.fill(l.shape, none)) as tf.Tensor2D;
    return keepMass(l, keys, law.p, p, minKeep, keepTies);
  },
  epsilonCutoff: (l, { epsilon, minKeep }) => atProbability(l, full(l, epsilon), minKeep),
  etaCutoff: (l, { epsilon, minKeep }) => {
    const bound = tf.mul(Math.sqrt(epsilon), tf.exp(tf.neg(entropyOf(logLaw(l)))));
    return atProbability(l, tf.minimum(epsilon, bound) as tf.Tensor2D, minKeep);
  },
  pLess: (l) => atProbability(l, sumOf(tf.square(logLaw(l).p)), 1),
  topH: (l, { topH }) => {
    const top = keepCounts(l, l, sortedTop(l, 100), full(l, Math.min(100, l.shape[1])), false);
    const law = logLaw(top);
    const budget = tf.mul(entropyOf(law), topH + massTolerance);
    const sorted = sortedTop(top, 100);
    const { p, safeLog } = logLaw(sorted);
    const used = tf.cumsum(tf.neg(tf.mul(p, safeLog)), 1);
    const counts = tf.maximum(
      sumOf(tf.cast(tf.logicalAnd(tf.lessEqual(used, budget), isOpen(sorted)), 'float32')),
      1,
    );
    return keepCounts(top, top, sorted, counts as tf.Tensor2D, false);
  },
  topNSigma: (l, { n }) => {
    const open = tf.cast(isOpen(l), 'float32');
    const count = sumOf(open);
    const below = tf.where(isOpen(l), tf.sub(l, maxOf(l)), tf.zerosLike(l));
    const mean = tf.div(sumOf(below), count);
    const sigma = tf.sqrt(tf.div(sumOf(tf.mul(open, tf.square(tf.sub(below, mean)))), count));
    return cut(tf.logicalAnd(tf.greaterEqual(l, tf.sub(maxOf(l), tf.mul(n, sigma))), isOpen(l)), l);
  },
  xtc: (l, { probability, threshold, minKeep }, _step, rows) => {
    if (probability === 0 || threshold > 0.5) return l;
    const heads = tf.tensor2d(
      rows.map((row) => [row.uniform('xtc') <= probability]),
      [rows.length, 1],
      'bool',
    );
    const top = tf.logicalAnd(tf.greaterEqual(logLaw(l).p, threshold), isOpen(l));
    const least = tf.min(tf.where(top, l, tf.fill(l.shape, Infinity)), 1, true);
    const equal = tf.cast(tf.logicalAnd(top, tf.equal(l, least)), 'float32');
    const spared = tf.logicalAnd(tf.cast(equal, 'bool'), tf.equal(tf.cumsum(equal, 1, false, true), 1));
    const tops = sumOf(tf.cast(top, 'float32'));
    const left = tf.add(tf.sub(sumOf(tf.cast(isOpen(l), 'float32')), tops), 1);
    const acts = tf.logicalAnd(
      heads,
      tf.logicalAnd(tf.greaterEqual(tops, 2), tf.greaterEqual(left, minKeep)),
    );
    const removed = tf.logicalAnd(acts, tf.logicalAnd(top, tf.logicalNot(spared)));
    return cut(tf.logicalNot(removed), l);
  },
};

function scale(l: tf.Tensor2D, temperature: number): tf.Tensor2D {
  if (temperature === 1) return l;
  if (temperature === 0) return keepCounts(l, l, maxOf(l), full(l, 1), false);
  return tf.div(temperature < 1e-3 ? tf.sub(l, maxOf(l)) : l, temperature) as tf.Tensor2D;
}

function atProbability(l: tf.Tensor2D, least: tf.Tensor2D, minKeep: number): tf.Tensor2D {
  return atLeast(l, tf.add(tf.logSumExp(l, 1, true), tf.log(least)), minKeep);
}

/**
 * The logits [B, V] after the steps, removed tokens at -Infinity: `applySteps` for every row, on the device. The
 * argument is not disposed.
 *
 * Agrees with the row's form up to f32: a token within about 1e-6 of a threshold may fall on the other side. NaN
 * and empty rows are not found here
 * but by whoever draws.
 *
 * @throws TypeError for a step without a tensor form (a constraint, a step of your own) and for a step with a memory that several rows would share,
 *   RangeError for a wrong number of histories or rows of steps.
 */
export function applyStepsOnTensor(
  steps: readonly Processor[],
  logits: tf.Tensor2D,
  options: TensorStepOptions = {},
): tf.Tensor2D {
  checkKnown('applyStepsOnTensor', options, ['histories', 'random', 'firstLane', 'stepsByRow']);
  const [batch] = logits.shape;
  const histories = options.histories ?? Array.from({ length: batch }, () => createHistory());
  if (histories.length !== batch)
    throw new RangeError(`histories: expected ${batch}, got ${histories.length}`);
  const random = options.random ?? createRandom(0);
  const { stepsByRow } = options;
  if (stepsByRow !== undefined && stepsByRow.length !== batch)
    throw new RangeError(`stepsByRow: expected ${batch}, got ${stepsByRow.length}`);
  for (const [i, step] of steps.entries()) {
    if (!Object.hasOwn(forms, step.name) || (step.state !== undefined && step.state.present === undefined))
      throw new TypeError(`${step.name}: has no tensor form; read the rows back and use it there`);
    if (step.state !== undefined && stepsByRow === undefined && batch > 1)
      throw new TypeError(`${step.name}: remembers one row's draws; give stepsByRow for ${batch} rows`);
    if (stepsByRow?.some((own) => own.length !== steps.length || own[i].name !== step.name))
      throw new TypeError(`stepsByRow: expected a copy of ${step.name} in every row`);
  }
  const rowsOf = (i: number): Rows =>
    histories.map((history, r) => ({
      history,
      uniform: (stream, index) => random.uniform(stream, history.length, (options.firstLane ?? 0) + r, index),
      present: (stepsByRow?.[r][i] ?? steps[i]).state?.present?.() ?? [],
    }));
  return tf.tidy(() =>
    steps.reduce<tf.Tensor2D>(
      (l, step, i) => forms[step.name](l, step.options as Options, step, rowsOf(i)),
      tf.clone(logits),
    ),
  );
}

export { readTop, type TopCandidates } from './tensor-read-top.ts';
