// Where things lie: the regions that stay while an engine lives, one behind the other from the end of the static data on, then the text of a call and its
// ids. A region that must grow gets a new place; the memory as a whole is let go when it has become large (encoding-kernels.ts).

/** Bytes that may be read and overwritten behind any region, so that vectors are read whole. */
export const PADDING: u32 = 64;

let top: u32 = <u32>__heap_base;

/** A place for so many bytes, zeros at first, that stays; 0 when there is no more memory. */
export function allocate(bytes: u32): u32 {
  const at = (top + 63) & ~63;
  if (!reach(<u64>at + <u64>bytes + PADDING)) return 0;
  top = at + bytes + PADDING;
  return at;
}

/** Where a call may put what it needs only once. */
export function scratch(): u32 {
  return (top + 63) & ~63;
}

/** Makes the memory reach so far; false when it cannot. */
export function reach(end: u64): bool {
  const missing = <i64>end - (<i64>memory.size() << 16);
  if (missing <= 0) return true;
  return memory.grow(<i32>((missing + 65535) >> 16)) >= 0;
}
