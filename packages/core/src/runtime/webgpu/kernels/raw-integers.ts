// The integers of packed weights as they are, for products of integers: eight columns of a row are d * (a, b) + m.
import { groupSource, halfSource, type WeightKind, type WeightKindName } from '../weight-kind.ts';

const nibbles = `
  let w = quants[row * K8 + j];
  var a = w & 0x0f0f0f0fu;
  var b = (w >> 4u) & 0x0f0f0f0fu;`;
const fifth = (word: string) => `
  let h = ${word} >> (8u * (j & 3u));
  a |= spread1(h);
  b |= spread1(h >> 4u);`;
const spread1 =
  'fn spread1(h: u32) -> u32 { return ((h & 1u) << 4u) | ((h & 2u) << 11u) | ((h & 4u) << 18u) | ((h & 8u) << 25u); }';
const spread2 =
  'fn spread2(h: u32) -> u32 { return ((h & 3u) << 4u) | ((h & 12u) << 10u) | ((h & 48u) << 16u) | ((h & 192u) << 22u); }';

/** Body of `fn raw8(row, j) -> Raw`: eight columns are d * (a, b) + m. */
const raw8: Partial<Record<WeightKindName, string>> = {
  Q8_0: `
  let w = quants[row * K8 + j];${halfSource}
  return Raw(w.x, w.y, d, 0.0);`,
  Q4_0: `${nibbles}${halfSource}
  return Raw(a, b, d, -8.0 * d);`,
  Q4_1: `${nibbles}
  let dm = unpack2x16float(scales[row * SW + (j >> 2u)]);
  return Raw(a, b, dm.x, dm.y);`,
  Q5_0: `${nibbles}
  let s = row * SW + (j >> 2u) * 2u;
  let d = unpack2x16float(scales[s]).x;${fifth('scales[s + 1u]')}
  return Raw(a, b, d, -16.0 * d);`,
  Q5_1: `${nibbles}
  let s = row * SW + (j >> 2u) * 2u;
  let dm = unpack2x16float(scales[s]);${fifth('scales[s + 1u]')}
  return Raw(a, b, dm.x, dm.y);`,
  Q4_K: `${nibbles}${groupSource(5)}
  return Raw(a, b, d, -m);`,
  Q5_K: `${nibbles}${groupSource(13)}${fifth('scales[at + 5u + g]')}
  return Raw(a, b, d, -m);`,
  Q6_K: `${nibbles}
  let at = row * SW + (j >> 5u) * 21u;
  let c = j & 31u;
  let h = scales[at + 5u + (c >> 1u)] >> (16u * (c & 1u));
  a |= spread2(h);
  b |= spread2(h >> 8u);
  let s = c >> 1u;
  let d = unpack2x16float(scales[at]).x * f32(unpack4xI8(scales[at + 1u + (s >> 2u)])[s & 3u]);
  return Raw(a, b, d, -32.0 * d);`,
};

/** Whether a kind's weights are integers that products of integers can take. */
export const hasIntegers = ({ name }: WeightKind): boolean => raw8[name] !== undefined;

/** Neighbouring columns that share d and m. */
export const groupOf = ({ name }: WeightKind): 16 | 32 => (name === 'Q6_K' ? 16 : 32);

/** `eight(row, j)` with its constants: columns 8 j to 8 j + 7 of a row of the matrix bound as `quants` and `scales`. */
export function raw8Source(kind: WeightKind, columns: number): string {
  return `
const K8 = ${columns / 8}u;
const SW = ${kind.scaleWords(columns)}u;
struct Raw { a: u32, b: u32, d: f32, m: f32 }
${spread1}
${spread2}
fn eight(row: u32, j: u32) -> Raw {${raw8[kind.name]}
}`;
}
