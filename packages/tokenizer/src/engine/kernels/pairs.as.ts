// Which neighbours merge, and in what order: by explicit rules, or any two whose joined bytes are a token, by its id. Few pairs are asked about again and
// again, so what was found last stands in a small table before the large ones.
//   entry: left u21, right u21, rank + 1 u21 (0: they do not merge)
import { allocate } from './memory.as';
import { findToken, mayBeToken, tokenAt, tokenCount } from './pieces.as';

/** A key beyond all ranks: rank * 256, and of a position below 256 the sum. */
export const NEVER: u32 = 0xffffff00;

const GOLD: u32 = 0x9e3779b1;
const GOLD2: u32 = 0x85ebca6b;
const MEMO_BITS: u32 = 13;

let memo: u32 = 0;
let firsts: u32 = 0; // rank * 256 for each two bytes
let rules: u32 = 0; // 0: none, the joined bytes decide
let ruleShift: u32 = 0;
let ruleMask: u32 = 0;
let ruleIds: u32 = 0; // by rank
let byteIds: u32 = 0;

/**
 * Makes the tables. `bytes`: the ids of the 256 bytes. `packed`: the slots of a PairTable, `1 << bits` entries in its own order, and `results`, the token of each
 * rank; 0 for none. All stay where they are. False without memory.
 */
export function openPairs(bytes: u32, packed: u32, bits: u32, results: u32): bool {
  byteIds = bytes;
  rules = packed;
  ruleIds = results;
  ruleShift = 32 - bits;
  ruleMask = (8 << bits) - 8;
  memo = allocate(8 << MEMO_BITS);
  firsts = allocate(4 << 16);
  if (memo === 0 || firsts === 0) return false;
  memory.fill(memo, 0xff, 8 << MEMO_BITS);
  if (rules === 0) rateFirstsByTokens();
  else {
    for (let pair: u32 = 0; pair < 65536; pair++) {
      const rank = byRule(byteId(pair & 255), byteId(pair >> 8));
      store<u32>(firsts + (pair << 2), (rank << 8) - 256);
    }
  }
  return true;
}

/** Tokens of two bytes; of equal ones the first counts. */
function rateFirstsByTokens(): void {
  for (let pair: u32 = 0; pair < 65536; pair++) store<u32>(firsts + (pair << 2), NEVER);
  for (let id = tokenCount(); id > 0; id--) {
    const at = tokenAt(id - 1);
    if (tokenAt(id) - at === 2) store<u32>(firsts + (<u32>load<u16>(at) << 2), (id - 1) << 8);
  }
}

// @ts-ignore: decorator
@inline function entryKey(left: u32, right: u32): u64 {
  return (<u64>left << 42) | (<u64>right << 21);
}

/** As PairTable mixes. */
// @ts-ignore: decorator
@inline function mixed(left: u32, right: u32): u32 {
  return (left * GOLD) ^ (right * GOLD2);
}

/** The rank of a rule and one more, or 0. */
function byRule(left: u32, right: u32): u32 {
  const key = entryKey(left, right);
  let q = rules + ((mixed(left, right) >>> ruleShift) << 3);
  while (true) {
    const entry = load<u64>(q);
    if (entry === u64.MAX_VALUE) return 0;
    if ((entry ^ key) >> 21 === 0) return <u32>entry & 0x1fffff;
    q = rules + ((q - rules + 8) & ruleMask);
  }
}

/** Rank * 256 of two neighbours, the left of which begins at `start` and the right of which ends at `end`, or NEVER. */
// @ts-ignore: decorator
@inline export function rate(left: u32, right: u32, start: u32, end: u32): u32 {
  if (rules === 0 && end - start <= 8 && !mayBeToken(start, end - start)) return NEVER;
  const key = entryKey(left, right);
  const at = memo + ((mixed(left, right) >>> (32 - MEMO_BITS)) << 3);
  const entry = load<u64>(at);
  const rank = (entry ^ key) >> 21 === 0 ? <u32>entry & 0x1fffff : ask(left, right, at, start, end);
  return (rank << 8) - 256; // NEVER for 0
}

function ask(left: u32, right: u32, at: u32, start: u32, end: u32): u32 {
  const rank = rules !== 0 ? byRule(left, right) : <u32>(findToken(start, end - start) + 1);
  store<u64>(at, entryKey(left, right) | rank);
  return rank;
}

/** Rank * 256 of two neighbouring bytes, or NEVER. */
// @ts-ignore: decorator
@inline export function rateBytes(at: u32): u32 {
  return load<u32>(firsts + (<u32>load<u16>(at) << 2));
}

/** The token that a merge of this rank gives. */
// @ts-ignore: decorator
@inline export function mergedId(rank: u32): u32 {
  return rules === 0 ? rank : load<u32>(ruleIds + (rank << 2));
}

// @ts-ignore: decorator
@inline export function byteId(byte: u32): u32 {
  return load<u32>(byteIds + (byte << 2));
}
