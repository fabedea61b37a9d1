// The split of an engine, chosen once.
import { scanCl100k } from './scan-cl100k.as';
import { scanGpt2 } from './scan-gpt2.as';
import { scanO200k } from './scan-o200k.as';

let split: u32 = 0;
let digits: u32 = 3;
let flag: bool = false;

/** `kind`: 0 gpt2, 1 cl100k, 2 o200k. `most`: numeric characters a piece. `special`: digits alone; white space whole at the end; contractions. */
export function setSplit(kind: u32, most: u32, special: bool): void {
  split = kind;
  digits = most;
  flag = special;
}

/** Writes the ends of up to `most` pieces of the text from `start` to `end`; returns how many. */
export function scan(start: u32, end: u32, ends: u32, most: u32): u32 {
  if (split === 0) return scanGpt2(start, end, ends, most, flag);
  if (split === 1) return scanCl100k(start, end, ends, most, digits, flag);
  return scanO200k(start, end, ends, most, digits, flag);
}
