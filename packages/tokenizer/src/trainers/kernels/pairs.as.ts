// Pairs of symbols met in training: a number for each, its count, where it occurs, and its way in the queue.
import { base, reserve } from './regions.as';
import { tokenAt } from './texts.as';
import { COUNTS, RECORDS } from './training-regions.as';

const RECORD = 28; // left, right, first of its occurrences, how many, next pair with this left, with this right (one more), next in its list
export const NOT_LISTED = -1;
export let pairCount: i32 = 0;

export function clearPairs(): void {
  pairCount = 0;
}

@inline export function recordAt(pair: i32): usize {
  return base(RECORDS) + <usize>pair * RECORD;
}

@inline export function leftOf(record: usize): i32 {
  return load<i32>(record);
}

@inline export function rightOf(record: usize): i32 {
  return load<i32>(record, 4);
}

@inline export function startOf(record: usize): u32 {
  return load<u32>(record, 8);
}

@inline export function setStart(record: usize, start: u32): void {
  store<u32>(record, start, 8);
}

@inline export function lengthOf(record: usize): u32 {
  return load<u32>(record, 12);
}

@inline export function setLength(record: usize, length: u32): void {
  store<u32>(record, length, 12);
}

/** The next pair with the same left symbol, or -1. */
@inline export function nextLeft(record: usize): i32 {
  return load<i32>(record, 16) - 1;
}

@inline export function nextRight(record: usize): i32 {
  return load<i32>(record, 20) - 1;
}

/** One more than the pair behind this one in its list, 0 at the end, NOT_LISTED in no list. */
@inline export function listed(record: usize): i32 {
  return load<i32>(record, 24);
}

@inline export function setListed(record: usize, next: i32): void {
  store<i32>(record, next, 24);
}

@inline export function countAt(pair: i32): usize {
  return base(COUNTS) + ((<usize>pair) << 3);
}

export function pairRoom(more: u64): bool {
  return reserve(RECORDS, (<u64>pairCount + more) * RECORD) && reserve(COUNTS, (<u64>pairCount + more) * 8);
}

/** A pair that is not there yet; room for it has been made. */
export function addPair(left: i32, right: i32): i32 {
  const record = recordAt(pairCount);
  const first = tokenAt(left);
  const second = tokenAt(right);
  store<i32>(record, left);
  store<i32>(record, right, 4);
  store<u32>(record, 0, 8);
  store<u32>(record, 0, 12);
  store<i32>(record, load<i32>(first), 16);
  store<i32>(record, load<i32>(second, 4), 20);
  store<i32>(record, NOT_LISTED, 24);
  store<f64>(countAt(pairCount), 0);
  store<i32>(first, ++pairCount);
  store<i32>(second, pairCount, 4);
  return pairCount - 1;
}

/** The number of a pair, or -1. */
export function findPair(left: i32, right: i32): i32 {
  for (let pair = load<i32>(tokenAt(left)) - 1; pair >= 0; pair = nextLeft(recordAt(pair))) {
    if (rightOf(recordAt(pair)) === right) return pair;
  }
  return -1;
}
