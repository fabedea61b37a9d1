// Growing arrays in one memory: regions that lie behind one another in a fixed order, so that none leaves a hole when it grows; those behind it move. The
// great ones come first. A region that cannot grow (the memory's end, or the engine's) says so before anything has changed.

const REGIONS = 11; // at most

/** Where each region begins; the last entry is where the last one ends. */
const BASES: usize = memory.data((REGIONS + 1) * 4, 4);

@inline export function base(region: i32): usize {
  return load<u32>(BASES + ((<usize>region) << 2));
}

@inline export function capacity(region: i32): usize {
  return base(region + 1) - base(region);
}

let mostPages: u64 = 65535;

/** All regions are empty and begin at `start`; the memory may grow to `pages` of 64 KB. */
export function clearRegions(start: usize, pages: u32): void {
  mostPages = min(pages, 65535);
  for (let i = 0; i <= REGIONS; i++) store<u32>(BASES + ((<usize>i) << 2), <u32>((start + 15) & ~15));
}

/** Makes a region hold `bytes`; false when there is no room for it. */
export function reserve(region: i32, bytes: u64): bool {
  const size = <u64>capacity(region);
  if (bytes <= size) return true;
  const wanted = max(bytes, size + (size >> 1)) + 15 & ~15;
  const added = wanted - size;
  const end = <u64>base(REGIONS);
  const pages = (end + added + 0xffff) >> 16;
  if (pages > mostPages) return false;
  if (pages > <u64>memory.size() && memory.grow(<i32>(pages - <u64>memory.size())) < 0) return false;
  const next = base(region + 1);
  memory.copy(next + <usize>added, next, <usize>(end - <u64>next));
  for (let i = region + 1; i <= REGIONS; i++) store<u32>(BASES + ((<usize>i) << 2), <u32>(base(i) + <usize>added));
  return true;
}
