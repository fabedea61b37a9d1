// Several sums of a workgroup at once: every thread has its share of each in `s0`, `s1`, ...

/** Lines of WGSL, one for each of `count`. */
export const each = (count: number, of: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => of(i)).join('\n');

/** `declared` stands outside of functions and has `whole(i, parts)`, the whole of sum i; `collect` stands in `main` where all threads come by, and leaves `parts` behind. */
export function gatherSums(
  sums: number,
  threads: number,
  subgroups: boolean,
): { readonly declared: string; readonly collect: string } {
  // At the least 4 lanes a subgroup.
  const shares = subgroups ? Math.max(1, threads / 4) : threads;
  const store = each(sums, (i) => `    sums[at + ${i}u] = s${i};`);
  const collect = subgroups
    ? `${each(sums, (i) => `  s${i} = subgroupAdd(s${i});`)}
  if (lane % size == 0u) {
    let at = (lane / size) * ${sums}u;
${store}
  }
  workgroupBarrier();
  let parts = (${threads}u + size - 1u) / size;`
    : `  {
    let at = lane * ${sums}u;
${store}
  }
  workgroupBarrier();
  let parts = ${threads}u;`;
  const declared = `var<workgroup> sums: array<f32, ${shares * sums}>;
fn whole(i: u32, parts: u32) -> f32 {
  var v = 0.0;
  for (var p = 0u; p < parts; p++) { v += sums[p * ${sums}u + i]; }
  return v;
}`;
  return { declared, collect };
}
