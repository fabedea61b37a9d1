// One row of candidates, in one of two forms. Dense: the caller's logits [V], slot = id, removed tokens hold
// -Infinity. Sparse: `ids` and `values` [n] in the row's own buffers, made by the first step that truncates.
// Truncators shrink `n`; nothing is allocated in a step (the buffers grow once, to the vocabulary). Values of the
// sparse form are f64, so that a chain of steps does not add rounding.

import { EmptySupportError, InvalidLogitsError } from './errors.ts';
import { expNegative } from './exp-negative.ts';

/** Logits of one step, in the precision they came in. */
export type Logits = Float32Array | Float64Array;

/**
 * The candidates of one step. Slots 0 <= s < n; write through the functions of this package, or keep `sorted` and
 * `indexed` true.
 */
export interface Row {
  /** The vocabulary's size V. */
  vocabSize: number;
  /** True while every id has a slot. */
  dense: boolean;
  /** How many slots there are; V while dense. */
  n: number;
  /** The logit of each slot. Dense: the caller's array. */
  values: Logits;
  /** The id of each slot, when not dense. */
  ids: Int32Array;
  /** True when the slots descend by value, lower id first among equals. */
  sorted: boolean;
  /** True when `slots` answers for the present slots. */
  indexed: boolean;
  /** Scratch [V]: exp(value - max), filled by `weigh`. */
  weights: Float64Array;
  /** The sum of the weights when they belong to the present values, else 0. */
  total: number;
  /** Scratch [V]: keys of a selection. */
  keys: Float64Array;
  /** Scratch [V]: slots of a selection. */
  order: Int32Array;
  /** Scratch [V]: id -> slot, read by `slotOf`. */
  slots: Int32Array;
  /** The sparse form's own values. */
  sparse: Float64Array;
}

/** An empty row; its buffers (36 bytes a token of the vocabulary) are made by the first `loadRow`. */
export function createRow(): Row {
  const none = new Float64Array(0);
  const noIds = new Int32Array(0);
  return {
    vocabSize: 0,
    dense: true,
    n: 0,
    values: none,
    ids: noIds,
    sorted: false,
    indexed: false,
    weights: none,
    total: 0,
    keys: none,
    order: noIds,
    slots: noIds,
    sparse: none,
  };
}

/** Makes `row` the dense row of `logits` [V], which the steps may write to. */
export function loadRow(row: Row, logits: Logits): void {
  prepare(row, logits.length);
  row.dense = true;
  row.n = logits.length;
  row.values = logits;
  row.sorted = false;
}

/** Makes `row` a copy of some candidates [n] of a vocabulary of `vocabSize`, each id once. */
export function loadCandidates(row: Row, ids: ArrayLike<number>, logits: Logits, vocabSize: number): void {
  if (ids.length !== logits.length)
    throw new RangeError(
      `candidates: expected as many logits as ids, got ${logits.length} and ${ids.length}`,
    );
  prepare(row, vocabSize);
  let n = 0;
  for (let i = 0; i < ids.length; i++) {
    if (!(ids[i] >= 0 && ids[i] < vocabSize))
      throw new RangeError(`candidates: expected 0 <= id < ${vocabSize}, got ${ids[i]}`);
    if (!(logits[i] < Infinity)) throw new InvalidLogitsError(ids[i], logits[i]);
    if (logits[i] === -Infinity) continue;
    row.ids[n] = ids[i];
    row.sparse[n++] = logits[i];
  }
  if (n === 0) throw new EmptySupportError();
  becomeSparse(row, n);
  row.sorted = false;
}

function prepare(row: Row, size: number): void {
  if (row.ids.length < size) {
    row.ids = new Int32Array(size);
    row.weights = new Float64Array(size);
    row.keys = new Float64Array(size);
    row.order = new Int32Array(size);
    row.slots = new Int32Array(size);
    row.sparse = new Float64Array(size);
  }
  row.vocabSize = size;
  row.indexed = false;
  row.total = 0;
}

/** The id of a slot. */
export function idAt(row: Row, slot: number): number {
  return row.dense ? slot : row.ids[slot];
}

/** The slot of an id, or -1 when the id was removed from the slots or lies outside the vocabulary. */
export function slotOf(row: Row, id: number): number {
  if (!(id >= 0 && id < row.vocabSize)) return -1;
  if (row.dense) return id;
  if (!row.indexed) {
    for (let slot = 0; slot < row.n; slot++) row.slots[row.ids[slot]] = slot;
    row.indexed = true;
  }
  // Entries of ids that are gone are stale and never cleared: the check of the id tells them apart.
  const slot = row.slots[id];
  return slot < row.n && row.ids[slot] === id ? slot : -1;
}

/** Writes the logit of a slot, and remembers that the order may have changed. */
export function setValue(row: Row, slot: number, value: number): void {
  row.values[slot] = value;
  row.sorted = false;
  row.total = 0;
}

/**
 * The slot of the largest logit, the lowest id among equals.
 *
 * @throws InvalidLogitsError for NaN or +Infinity, EmptySupportError when all are -Infinity.
 */
export function topSlot(row: Row): number {
  const { values, n } = row;
  if (row.sorted && n > 0) return 0;
  const best = row.dense ? firstMaximum(values) : lowestMaximum(row.sparse, row.ids, n);
  if (best < 0) throw new EmptySupportError();
  if (!(values[best] < Infinity)) throw new InvalidLogitsError(idAt(row, best), values[best]);
  return best;
}

/** The first place of the largest value, or of the first NaN or +Infinity; -1 when all are -Infinity. */
function firstMaximum(values: Logits): number {
  let best = -1;
  let top = -Infinity;
  for (let i = 0; i < values.length; i++) {
    // `!(v <= top)` holds for what is larger and for NaN: the check of the numbers costs nothing in the usual case.
    if (!(values[i] <= top)) {
      top = values[i];
      best = i;
      if (!(top < Infinity)) return best;
    }
  }
  return best;
}

/** The same over a sparse row, the lowest id among equals. */
function lowestMaximum(values: Float64Array, ids: Int32Array, n: number): number {
  let best = -1;
  let top = -Infinity;
  for (let slot = 0; slot < n; slot++) {
    const value = values[slot];
    if (!(value <= top) || (value === top && best >= 0 && ids[slot] < ids[best])) {
      top = value;
      best = slot;
      if (!(top < Infinity)) return best;
    }
  }
  return best;
}

/**
 * Fills `row.weights[slot] = exp(value - max)` and returns their sum, in f64: probability = weight / sum.
 *
 * @throws as {@link topSlot}.
 */
export function weigh(row: Row): number {
  const max = row.values[topSlot(row)];
  row.total = row.dense
    ? weighDense(row.values, row.weights, max)
    : weighSparse(row.sparse, row.weights, max, row.n);
  return row.total;
}

// Two loops, so that each sees one kind of array: one loop for both costs a check of the kind at every element.
function weighDense(values: Logits, weights: Float64Array, max: number): number {
  let total = 0;
  for (let id = 0; id < values.length; id++) {
    const weight = expNegative(values[id] - max);
    weights[id] = weight;
    total += weight;
  }
  return total;
}

function weighSparse(values: Float64Array, weights: Float64Array, max: number, n: number): number {
  let total = 0;
  for (let slot = 0; slot < n; slot++) {
    const weight = expNegative(values[slot] - max);
    weights[slot] = weight;
    total += weight;
  }
  return total;
}

/** Keeps the slots whose value is >= threshold, in their order. */
export function keepAtLeast(row: Row, threshold: number): void {
  const least = threshold === -Infinity ? -Number.MAX_VALUE : threshold;
  const kept = row.dense ? gatherAtLeast(row, row.values, least) : compactAtLeast(row, least);
  becomeSparse(row, kept);
}

function gatherAtLeast(row: Row, values: Logits, least: number): number {
  const { sparse, ids } = row;
  let kept = 0;
  for (let id = 0; id < values.length; id++) {
    const value = values[id];
    if (value >= least) {
      sparse[kept] = value;
      ids[kept++] = id;
    }
  }
  return kept;
}

function compactAtLeast(row: Row, least: number): number {
  const { sparse, ids, n } = row;
  let kept = 0;
  for (let slot = 0; slot < n; slot++) {
    const value = sparse[slot];
    if (value >= least) {
      sparse[kept] = value;
      ids[kept++] = ids[slot];
    }
  }
  return kept;
}

/** Keeps the first n slots of a sparse row. */
export function keepFirst(row: Row, n: number): void {
  row.n = Math.min(row.n, n);
  row.indexed = false;
  row.total = 0;
}

/** Keeps the one slot. */
export function keepOne(row: Row, slot: number): void {
  row.sparse[0] = row.values[slot];
  row.ids[0] = idAt(row, slot);
  becomeSparse(row, 1);
  row.sorted = true;
}

/**
 * Keeps the slots order[0..m), in the order that they have in the row; `ascending` says that `order` has that order
 * already.
 */
export function keepSelected(row: Row, m: number, ascending = false): void {
  const { values, sparse, ids, dense } = row;
  const chosen = row.order.subarray(0, m);
  if (!ascending) chosen.sort();
  let kept = 0;
  for (let i = 0; i < m; i++) {
    const slot = chosen[i];
    const value = values[slot];
    if (value > -Infinity) {
      sparse[kept] = value;
      ids[kept++] = dense ? slot : ids[slot];
    }
  }
  becomeSparse(row, kept);
}

/** Declares the first n entries of `ids` and `sparse` to be the row; `sorted` stays as it was. */
export function becomeSparse(row: Row, n: number): void {
  row.values = row.sparse;
  row.dense = false;
  row.n = n;
  row.indexed = false;
  row.total = 0;
}

/**
 * Keeps the ids whose bit is set: bit id & 31 of word id >> 5. Ids beyond the mask are removed.
 *
 * A dense row stays dense: whole words of zeros and ones cost one test for 32 ids.
 */
export function keepMasked(row: Row, mask: Uint32Array): void {
  if (!row.dense) {
    let m = 0;
    for (let slot = 0; slot < row.n; slot++) if (isSet(mask, row.ids[slot])) row.order[m++] = slot;
    keepSelected(row, m, true);
    return;
  }
  maskLogits(row.values, mask);
  row.sorted = false;
  row.total = 0;
}

/** Sets the logits [V] of the ids whose bit is not set to -Infinity, in place: bit id & 31 of word id >> 5. */
export function maskLogits(logits: Logits, mask: Uint32Array): void {
  const n = logits.length;
  for (let word = 0; word << 5 < n; word++) {
    const bits = word < mask.length ? mask[word] : 0;
    if (bits === 0xffffffff) continue;
    const from = word << 5;
    const to = Math.min(n, from + 32);
    if (bits === 0) logits.fill(-Infinity, from, to);
    else for (let id = from; id < to; id++) if (((bits >>> (id & 31)) & 1) === 0) logits[id] = -Infinity;
  }
}

const isSet = (mask: Uint32Array, id: number): boolean => ((mask[id >> 5] >>> (id & 31)) & 1) === 1;

/** Refuses an id beyond the vocabulary: a bias that cannot act is a mistake. */
export function checkInVocabulary(step: string, id: number, row: Row): void {
  if (id >= row.vocabSize)
    throw new RangeError(`${step}: id ${id} is outside the vocabulary of ${row.vocabSize}`);
}
