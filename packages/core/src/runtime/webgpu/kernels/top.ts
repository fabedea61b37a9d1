// The largest values of rows, of equal ones those with the lower ids: every workgroup finds those of a run of values, and again of what the runs have left, until few are left. Values
// are compared as integers in the order of floats, so that nothing depends on how a device treats infinities and -0; the N-th largest key and then the last id among its equals are
// found bit by bit, one count over the workgroup a bit. The first round also sums exp(value - largest) of its run, and says whether there is a NaN.
import { type Kernel, mainSource, reduction } from '../kernel.ts';

const threads = 256;
const own = 16;
/** Values of one workgroup. */
export const runLength = threads * own;
/** Words of what the first round says of a run: largest key, sum of exponentials, NaN, 0. */
export const runWords = 4;

/** A round: from rows of `length` logits, or of as many pairs of key and id. */
export interface TopRound {
  readonly from: 'logits' | 'pairs';
  readonly length: number;
  /** How many of each run are kept. */
  readonly count: number;
  /** Bits of the largest id. */
  readonly idBits: number;
}

/** Pairs that a round leaves of a row. */
export const leftOf = ({ length, count }: TopRound): number => Math.ceil(length / runLength) * count;

const each = (line: (i: number) => string): string =>
  Array.from({ length: own }, (_, i) => line(i)).join('\n  ');
const sum = (term: (i: number) => string): string =>
  Array.from({ length: own }, (_, i) => term(i)).join(' + ');

/** Bindings: logits or pairs, pairs out [rows, runs, count], of logits also the runs' words. Grid [runs, rows]. A pair of key 0 is none. */
export function topKernel({ from, length, count, idBits }: TopRound, subgroups: boolean): Kernel {
  const runs = Math.ceil(length / runLength);
  const logits = from === 'logits';
  const load = (i: number) => `var k${i} = 0u;
  var i${i} = 0xffffffffu;
  { let at = wid.x * ${runLength}u + ${i * threads}u + lane;
    if (at < ${length}u) { ${
      logits
        ? `let bits = input[wid.y * ${length}u + at]; k${i} = keyOf(bits); i${i} = at; if (isNaN(bits)) { atomicOr(&bad, 1u); }`
        : `let pair = input[wid.y * ${length}u + at]; k${i} = pair.x; i${i} = pair.y;`
    } } }`;
  const largest = `
  atomicMax(&best, max(${Array.from({ length: own }, (_, i) => `k${i}`).reduce((a, b) => `max(${a}, ${b})`)}, 0u));
  workgroupBarrier();
  let top = atomicLoad(&best);`;
  // exp of what lies at or below -Infinity is left out: the difference would be no number.
  const normaliser = `
  let high = valueOf(top);
  let part = ${sum((i) => `select(0.0, exp(valueOf(k${i}) - high), k${i} > ${lowestKey}u)`)};
  let all = total(part, lane, size);
  if (lane == 0u) { runs[wid.y * ${runs}u + wid.x] = vec4(top, bitcast<u32>(all), atomicLoad(&bad), 0u); }`;
  const one = `
  ${each((i) => `if (k${i} == top && top > 0u) { atomicMin(&first, i${i}); }`)}
  workgroupBarrier();
  if (lane == 0u) { output[wid.y * ${runs}u + wid.x] = vec2(top, atomicLoad(&first)); }`;
  const several = `
  var t = 0u;
  for (var r = 0u; r < 32u; r++) {
    let c = t | (0x80000000u >> r);
    let n = ${sum((i) => `u32(k${i} >= c)`)};
    if (n > 0u) { atomicAdd(&counts[r], n); }
    workgroupBarrier();
    if (atomicLoad(&counts[r]) >= ${count}u) { t = c; }
  }
  let n = ${sum((i) => `u32(k${i} > t)`)};
  if (n > 0u) { atomicAdd(&counts[32], n); }
  workgroupBarrier();
  let equals = ${count}u - atomicLoad(&counts[32]);
  var last = 0u;
  for (var r = 0u; r < ${idBits}u; r++) {
    let c = last | (${2 ** (idBits - 1)}u >> r);
    let m = ${sum((i) => `u32(k${i} == t && i${i} < c)`)};
    if (m > 0u) { atomicAdd(&counts[33u + r], m); }
    workgroupBarrier();
    if (atomicLoad(&counts[33u + r]) < equals) { last = c; }
  }
  let base = (wid.y * ${runs}u + wid.x) * ${count}u;
  ${each((i) => `if (k${i} > t || (k${i} == t && t > 0u && i${i} <= last)) { output[base + atomicAdd(&next, 1u)] = vec2(k${i}, i${i}); }`)}
  workgroupBarrier();
  for (var s = atomicLoad(&next) + lane; s < ${count}u; s += ${threads}u) { output[base + s] = vec2(0u, 0xffffffffu); }`;
  return {
    key: `top ${from} ${length} ${count} ${idBits}`,
    sort: 'top',
    bindings: [
      { name: 'input', type: logits ? 'array<u32>' : 'array<vec2<u32>>' },
      { name: 'output', type: 'array<vec2<u32>>', write: true },
      ...(logits ? [{ name: 'runs', type: 'array<vec4<u32>>', write: true }] : []),
    ],
    code: `
var<workgroup> counts: array<atomic<u32>, ${33 + idBits}>;
var<workgroup> best: atomic<u32>;
var<workgroup> first: atomic<u32>;
var<workgroup> next: atomic<u32>;
var<workgroup> bad: atomic<u32>;
fn isNaN(bits: u32) -> bool { return (bits & 0x7fffffffu) > 0x7f800000u; }
fn keyOf(given: u32) -> u32 {
  let bits = select(given, 0u, given == 0x80000000u);
  return select(bits | 0x80000000u, ~bits, (bits >> 31u) == 1u);
}
fn valueOf(key: u32) -> f32 { return bitcast<f32>(select(~key, key & 0x7fffffffu, (key >> 31u) == 1u)); }
${logits ? reduction('total', 'sum', threads, subgroups) : ''}
${mainSource(
  threads,
  subgroups,
  `
  if (lane == 0u) { atomicStore(&first, 0xffffffffu); }
  workgroupBarrier();
  ${each(load)}${logits || count === 1 ? largest : ''}${logits ? normaliser : ''}${count === 1 ? one : several}`,
)}`,
  };
}

/** The key of -Infinity; those of numbers lie above. */
export const lowestKey = 0x007fffff;

/** The float of a key. */
export function floatOfKey(key: number): number {
  words[0] = key >>> 31 === 1 ? key & 0x7fffffff : ~key;
  return floats[0];
}
const words = new Uint32Array(1);
const floats = new Float32Array(words.buffer);
