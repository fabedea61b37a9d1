// Training by merges, all in one memory: pieces are laid out, pairs found, and then merges are made some hundreds a call, so that who calls can show progress
// and stop. Whatever finds no room says so and leaves the merges made so far right.
import { clearLayout } from './lay-out.as';
import { expectKnown, join, mergeRoom } from './merge.as';
import { clearPairs, findPair, leftOf, recordAt, rightOf } from './pairs.as';
import { clearQueue, take } from './queue.as';
import { clearRegions } from './regions.as';
import { joined, joinedLength, tokenCount, tokenRoom } from './texts.as';

export { byteSymbols, indexPairs, layOutBytes, layOutRoom, layOutSymbols, staging } from './lay-out.as';
export { addToken, beginTexts, textRoom, tokenRoom } from './texts.as';

const MOST = 256;
const MERGES: usize = memory.data(MOST * 12, 4); // left, right, what they become
/** The pair that comes next, -1 when there is none, -2 when there was no room. */
let next: i32 = -1;

/** Forgets all; the memory may grow to `pages` of 64 KB. */
export function begin(greatestBytes: bool, pages: u32): void {
  clearRegions(__heap_base, pages);
  clearLayout();
  clearPairs();
  clearQueue(greatestBytes);
}

export function merges(): usize {
  return MERGES;
}

export function seek(least: f64): i32 {
  next = take(least);
  return next;
}

/** Merges two tokens whether or not they are neighbours anywhere; the token that they become, or -1 without room. */
export function merge(a: i32, b: i32, longest: i32): i32 {
  if (!tokenRoom(joinedLength(a, b))) return -1;
  const pair = findPair(a, b);
  const id = joined(a, b);
  return pair < 0 || apply(pair, id, longest) ? id : -1;
}

function apply(pair: i32, id: i32, longest: i32): bool {
  if (!mergeRoom(pair, id)) return false;
  expectKnown(id);
  return join(pair, id, longest);
}

/** Makes up to `most` (256) merges of the pairs whose turn it is while there are fewer than `vocabSize` tokens; how many, and `next` tells why there are no more. */
export function step(most: i32, least: f64, vocabSize: i32, longest: i32): i32 {
  let done = 0;
  while (done < most && next >= 0 && tokenCount < vocabSize) {
    const record = recordAt(next);
    const a = leftOf(record);
    const b = rightOf(record);
    if (!tokenRoom(joinedLength(a, b))) {
      next = -2;
      break;
    }
    const id = joined(a, b);
    const at = MERGES + <usize>done * 12;
    store<i32>(at, a);
    store<i32>(at, b, 4);
    store<i32>(at, id, 8);
    if (!apply(next, id, longest)) {
      next = -2;
      break;
    }
    done++;
    next = take(least);
  }
  return done;
}

export function upcoming(): i32 {
  return next;
}
