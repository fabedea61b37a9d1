// Tokens: their texts as bytes behind one another with a hash table over them (two merges may give the same text, which is one token), and for each the
// first of its pairs as left and as right symbol and its length in symbols.
import { base, capacity, reserve } from './regions.as';
import { SEEN, TABLE, TEXTS, TOKENS } from './training-regions.as';

const TOKEN = 16; // first pair as left, as right (one more, 0 for none), symbols, where the text begins
export let tokenCount: i32 = 0;
let textEnd: u32 = 0;
/** What is cut off the front of a right symbol that begins with it: it lies at the front of the texts. */
let prefixLength: u32 = 0;

@inline export function tokenAt(id: i32): usize {
  return base(TOKENS) + <usize>id * TOKEN;
}

@inline export function symbolsOf(id: i32): i32 {
  return load<i32>(tokenAt(id), 8);
}

@inline function textOf(id: i32): usize {
  return base(TEXTS) + load<u32>(tokenAt(id), 12);
}

@inline function lengthOf(id: i32): u32 {
  const next = id + 1 < tokenCount ? load<u32>(tokenAt(id + 1), 12) : textEnd;
  return next - load<u32>(tokenAt(id), 12);
}

/** The prefix has been written to the front of the texts. */
export function beginTexts(prefix: u32): void {
  tokenCount = 0;
  prefixLength = prefix;
  textEnd = prefix;
}

/** Room for `bytes` of text behind what is there; 0 when there is none. */
export function textRoom(bytes: u32): usize {
  return reserve(TEXTS, <u64>textEnd + bytes + 8) ? base(TEXTS) + textEnd : 0;
}

/** Room for another token, so that `addToken` need not fail. */
export function tokenRoom(bytes: u32): bool {
  if (textRoom(bytes) === 0) return false;
  const before = capacity(SEEN);
  if (!reserve(SEEN, <u64>(tokenCount + 1) * 8)) return false;
  memory.fill(base(SEEN) + before, 0, capacity(SEEN) - before);
  return reserve(TOKENS, <u64>(tokenCount + 1) * TOKEN) && tableRoom();
}

/** The token whose text of `length` bytes lies behind the others; it is made with so many symbols when there is none. An empty text is found by nobody. */
export function addToken(length: u32, symbols: i32): i32 {
  if (length > 0) {
    const text = base(TEXTS) + textEnd;
    const table = base(TABLE);
    const mask = (<u32>capacity(TABLE) >> 2) - 1;
    let slot = hashOf(text, length) & mask;
    for (let known = load<i32>(table + ((<usize>slot) << 2)); known !== 0; known = load<i32>(table + ((<usize>slot) << 2))) {
      if (lengthOf(known - 1) === length && memory.compare(textOf(known - 1), text, length) === 0) return known - 1;
      slot = (slot + 1) & mask;
    }
    store<i32>(table + ((<usize>slot) << 2), tokenCount + 1);
  }
  const at = tokenAt(tokenCount);
  store<i32>(at, 0);
  store<i32>(at, 0, 4);
  store<i32>(at, symbols, 8);
  store<u32>(at, textEnd, 12);
  textEnd += length;
  return tokenCount++;
}

/** Bytes that the join of two tokens takes at most. */
@inline export function joinedLength(a: i32, b: i32): u32 {
  return lengthOf(a) + lengthOf(b);
}

/** The token that two become; room for it has been made. */
export function joined(a: i32, b: i32): i32 {
  const to = base(TEXTS) + textEnd;
  const first = lengthOf(a);
  memory.copy(to, textOf(a), first);
  const from = textOf(b);
  const cut = prefixLength > 0 && lengthOf(b) >= prefixLength && memory.compare(from, base(TEXTS), prefixLength) === 0 ? prefixLength : 0;
  memory.copy(to + first, from + cut, lengthOf(b) - cut);
  return addToken(first + lengthOf(b) - cut, symbolsOf(a) + symbolsOf(b));
}

/** Above 0 when the bytes of `a` come behind those of `b`. */
export function compareTexts(a: i32, b: i32): i32 {
  const first = lengthOf(a);
  const second = lengthOf(b);
  const order = memory.compare(textOf(a), textOf(b), min(first, second));
  return order !== 0 ? order : <i32>first - <i32>second;
}

function hashOf(text: usize, length: u32): u32 {
  let hash: u32 = 0x811c9dc5;
  for (let i: u32 = 0; i < length; i++) hash = (hash ^ load<u8>(text + i)) * 0x01000193;
  return hash ^ (hash >> 15);
}

/** At least half of the table stays free. */
function tableRoom(): bool {
  const size = <u32>capacity(TABLE) >> 2;
  if (size >= <u32>(tokenCount + 1) * 2) return true;
  const wider = max(size * 2, 1024);
  if (!reserve(TABLE, <u64>wider * 4)) return false;
  const table = base(TABLE);
  memory.fill(table, 0, (<usize>wider) << 2);
  for (let id = 0; id < tokenCount; id++) {
    const length = lengthOf(id);
    if (length === 0) continue;
    let slot = hashOf(textOf(id), length) & (wider - 1);
    while (load<i32>(table + ((<usize>slot) << 2)) !== 0) slot = (slot + 1) & (wider - 1);
    store<i32>(table + ((<usize>slot) << 2), id + 1);
  }
  return true;
}
