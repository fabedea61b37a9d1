// Occurrences of a pair of equal symbols overlap ("aaa"), so they are gone through from left to right; they mostly are in that order.

export function sortPlaces(from: usize, count: u32): void {
  let k: u32 = 1;
  while (k < count && at(from, k - 1) <= at(from, k)) k++;
  if (k >= count) return;
  for (let i = <i32>(count >> 1) - 1; i >= 0; i--) sink(from, <u32>i, count);
  for (let end = count - 1; end > 0; end--) {
    const greatest = at(from, 0);
    put(from, 0, at(from, end));
    put(from, end, greatest);
    sink(from, 0, end);
  }
}

@inline function at(from: usize, k: u32): u32 {
  return load<u32>(from + ((<usize>k) << 2));
}

@inline function put(from: usize, k: u32, value: u32): void {
  store<u32>(from + ((<usize>k) << 2), value);
}

function sink(from: usize, start: u32, end: u32): void {
  const value = at(from, start);
  let i = start;
  for (;;) {
    let child: u32 = 2 * i + 1;
    if (child >= end) break;
    if (child + 1 < end && at(from, child + 1) > at(from, child)) child++;
    if (at(from, child) <= value) break;
    put(from, i, at(from, child));
    i = child;
  }
  put(from, i, value);
}
