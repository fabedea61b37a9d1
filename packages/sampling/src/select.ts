// Selection without sorting the vocabulary: a heap of k for small k, and a quickselect by count or by mass for the
// rest, both O(V). Ties go to the lowest id, so a selection is a function of the logits alone. (llama.cpp leaves ties
// to std::partial_sort, which leaves them open.)
import { InvalidLogitsError } from './errors.ts';
import {
  becomeSparse,
  idAt,
  keepAtLeast,
  keepFirst,
  keepSelected,
  type Logits,
  type Row,
  topSlot,
} from './row.ts';
import { selectByBins } from './select-by-bins.ts';

/** Above this k a heap of k is slower than a quickselect over the row. */
const largestHeap = 512;

/**
 * Keeps the k largest (lowest id first among equals) and sorts them when k is small, so that a draw does not depend on
 * the form the row came in; with `ties` also whatever equals the k-th.
 *
 * @throws InvalidLogitsError when it meets NaN or +Infinity.
 */
export function keepTop(row: Row, k: number, ties = false): void {
  if (row.sorted && !ties) {
    keepFirst(row, k);
    return;
  }
  if (k > largestHeap) {
    if (k < row.n) keepMass(row, undefined, k, ties);
    return;
  }
  if (ties && !row.dense) {
    if (k < row.n) keepMass(row, undefined, k, ties);
    sortRow(row);
    return;
  }
  if (!row.dense) {
    if (row.n > 4 * largestHeap) keepSelected(row, selectByWeight(row, undefined, k));
    else {
      sortRow(row);
      keepFirst(row, k);
    }
    return;
  }
  const { ids, sparse } = row;
  const size = scanTop(row.values, sparse, ids, k);
  if (ties && size < 0) {
    // Rare: the caller's dense values are still there, so all that reach the k-th are read again.
    keepAtLeast(row, sparse[0]);
    sortRow(row);
    return;
  }
  becomeSparse(row, Math.abs(size));
  unheap(sparse, ids, row.n);
  row.sorted = true;
}

/**
 * Makes a heap of the k largest of a dense row and returns its size, negative when a value that was left out equals
 * the least of them.
 */
function scanTop(values: Logits, heap: Float64Array, ids: Int32Array, k: number): number {
  let size = 0;
  let least = -Infinity; // the heap's root, once it is full
  let dropped = -Infinity;
  for (let id = 0; id < values.length; id++) {
    const value = values[id];
    if (value <= least) {
      if (value === least) dropped = value;
      continue;
    }
    if (!(value < Infinity)) throw new InvalidLogitsError(id, value);
    if (size < k) {
      siftUp(heap, ids, size++, value, id);
      if (size === k) least = heap[0];
    } else {
      // An equal value with a later id never enters: ids ascend.
      siftDown(heap, ids, size, value, id);
      if (heap[0] === least) dropped = least;
      least = heap[0];
    }
  }
  return size === k && dropped === least ? -size : size;
}

/**
 * Keeps the shortest descending run (by value, or by `row.keys` when `keyed`) whose weights reach `need`; with `ties` also what equals its last.
 *
 * Wide dense rows go by bins (select-by-bins.ts), the rest by quickselect.
 */
export function keepMass(
  row: Row,
  weights: Float64Array | undefined,
  need: number,
  ties = false,
  keyed = false,
): void {
  let m = -1;
  if (row.dense && row.n >= 2048) {
    const top = keyed ? largest(row.keys, row.n) : row.values[topSlot(row)];
    m = selectByBins(row, keyed ? row.keys.subarray(0, row.n) : row.values, top, weights, need, ties);
  }
  if (m >= 0) keepSelected(row, m, true);
  else keepSelected(row, selectByWeight(row, weights, need, ties, keyed));
}

function largest(keys: Float64Array, n: number): number {
  let top = -Infinity;
  for (let i = 0; i < n; i++) if (keys[i] > top) top = keys[i];
  return top;
}

/** Sorts a sparse row: values descending, ids ascending among equals. Heapsort in place, nothing allocated. */
export function sortRow(row: Row): void {
  if (row.sorted) return;
  const { values, ids, sparse, n, dense } = row;
  let size = 0;
  for (let slot = 0; slot < n; slot++) {
    const value = values[slot];
    if (!(value < Infinity)) throw new InvalidLogitsError(idAt(row, slot), value);
    if (value > -Infinity) siftUp(sparse, ids, size++, value, dense ? slot : ids[slot]);
  }
  becomeSparse(row, size);
  unheap(sparse, ids, size);
  row.sorted = true;
}

/**
 * Finds the shortest descending run of slots whose weights reach `need`, and writes it to `row.order` in no
 * particular order.
 *
 * Quickselect by mass: O(n) on average. `weights` undefined counts slots. Keys are the row's values, or `row.keys` when `keyed`.
 * Returns the number of slots; with `ties` also all slots whose key equals the last one's.
 */
export function selectByWeight(
  row: Row,
  weights: Float64Array | undefined,
  need: number,
  ties = false,
  keyed = false,
): number {
  const { keys, order, n } = row;
  if (!keyed)
    for (let slot = 0; slot < n; slot++) {
      const value = row.values[slot];
      if (!(value < Infinity)) throw new InvalidLogitsError(idAt(row, slot), value);
      keys[slot] = value;
    }
  for (let slot = 0; slot < n; slot++) order[slot] = slot;
  let low = 0;
  let high = n;
  let left = need;
  while (low < high) {
    const pivot = median(keys[order[low]], keys[order[(low + high) >>> 1]], keys[order[high - 1]]);
    // Three parts: [low, above) > pivot, [above, below) = pivot, [below, high) < pivot.
    let above = low;
    let below = high;
    let massAbove = 0;
    let massEqual = 0;
    for (let i = low; i < below; ) {
      const slot = order[i];
      const key = keys[slot];
      if (key > pivot) {
        order[i++] = order[above];
        order[above++] = slot;
        massAbove += weights === undefined ? 1 : weights[slot];
      } else if (key < pivot) {
        order[i] = order[--below];
        order[below] = slot;
      } else {
        i++;
        massEqual += weights === undefined ? 1 : weights[slot];
      }
    }
    if (massAbove >= left) {
      high = above;
    } else if (massAbove + massEqual >= left) {
      if (ties) return below;
      const equal = order
        .subarray(above, below)
        .sort(row.dense ? undefined : (a, b) => row.ids[a] - row.ids[b]);
      left -= massAbove;
      let taken = 0;
      while (taken < equal.length && left > 0) {
        left -= weights === undefined ? 1 : weights[equal[taken]];
        taken++;
      }
      return above + taken;
    } else {
      left -= massAbove + massEqual;
      low = below;
    }
  }
  return low;
}

const median = (a: number, b: number, c: number): number =>
  a < b ? (b < c ? b : Math.max(a, c)) : a < c ? a : Math.max(b, c);

// A binary heap whose root is the worst entry: the smallest value, the highest id among equals.
const worse = (valueA: number, idA: number, valueB: number, idB: number): boolean =>
  valueA < valueB || (valueA === valueB && idA > idB);

function siftUp(values: Float64Array, ids: Int32Array, at: number, value: number, id: number): void {
  let child = at;
  while (child > 0) {
    const parent = (child - 1) >> 1;
    if (!worse(value, id, values[parent], ids[parent])) break;
    values[child] = values[parent];
    ids[child] = ids[parent];
    child = parent;
  }
  values[child] = value;
  ids[child] = id;
}

function siftDown(values: Float64Array, ids: Int32Array, size: number, value: number, id: number): void {
  let parent = 0;
  for (;;) {
    let child = 2 * parent + 1;
    if (child >= size) break;
    if (child + 1 < size && worse(values[child + 1], ids[child + 1], values[child], ids[child])) child++;
    if (!worse(values[child], ids[child], value, id)) break;
    values[parent] = values[child];
    ids[parent] = ids[child];
    parent = child;
  }
  values[parent] = value;
  ids[parent] = id;
}

/** Turns the heap into a descending list: the worst goes to the end again and again. */
function unheap(values: Float64Array, ids: Int32Array, size: number): void {
  for (let end = size - 1; end > 0; end--) {
    const value = values[end];
    const id = ids[end];
    values[end] = values[0];
    ids[end] = ids[0];
    siftDown(values, ids, end, value, id);
  }
}
