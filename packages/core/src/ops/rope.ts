// Rotary position embedding of stock tfjs ops: (a, b) -> (a cos - b sin, b cos + a sin) for each pair of components, where a pair is
// (i, i + n/2) or, interleaved, (2i, 2i+1). The tables of cos and sin are made on the host for the positions at hand.
import {
  add,
  concat,
  mul,
  reshape,
  slice,
  stack,
  sub,
  type Tensor,
  type Tensor4D,
  tensor4d,
  unstack,
} from '@tensorflow/tfjs-core';
import type { RopeConfig } from '../models/model-config.ts';
import { isHostBackend } from './host-backend.ts';
import { ropeFrequencies } from './rope-frequencies.ts';
import { ropeOnHost } from './rope-on-host.ts';

/** cos and sin of the angles, each [B, 1, T, rotaryDim / 2]; B is 1 when all rows have the same positions. */
export interface RopeTables {
  readonly cos: Tensor4D;
  readonly sin: Tensor4D;
}

/** Tables for `positions[b][t]`; rows that are equal share one. */
export function ropeTables(rope: RopeConfig, positions: readonly (readonly number[])[]): RopeTables {
  const same = positions.every((row) => row.every((p, t) => p === positions[0][t]));
  const rows = same ? positions.slice(0, 1) : positions;
  const length = rows[0].length;
  const half = Math.ceil(rope.rotaryDim / 2);
  const cos = new Float32Array(rows.length * length * half);
  const sin = new Float32Array(cos.length);
  let at = 0;
  for (const row of rows) {
    const { inverse, scale } = ropeFrequencies(rope, Math.max(...row) + 1);
    for (const position of row) {
      for (let i = 0; i < half; i++, at++) {
        const angle = Math.fround(position * inverse[i]);
        cos[at] = Math.fround(Math.cos(angle)) * scale;
        sin[at] = Math.fround(Math.sin(angle)) * scale;
      }
    }
  }
  const shape: [number, number, number, number] = [rows.length, 1, length, half];
  return { cos: tensor4d(cos, shape), sin: tensor4d(sin, shape) };
}

/** Rotates the first `rope.rotaryDim` components of `x` [B, H, T, d]. */
export function applyRope(x: Tensor4D, rope: RopeConfig, { cos, sin }: RopeTables): Tensor4D {
  const [batch, heads, length, size] = x.shape;
  const turned = rope.rotaryDim;
  if (isHostBackend()) return ropeOnHost(x, turned / 2, rope.interleaved, cos, sin);
  const head: Tensor = turned === size ? x : slice(x, [0, 0, 0, 0], [batch, heads, length, turned]);
  const half = turned / 2;
  const [a, b] = rope.interleaved
    ? unstack(reshape(head, [batch * heads, length, half, 2]), 3).map((t) =>
        reshape(t, [batch, heads, length, half]),
      )
    : [
        slice(head, [0, 0, 0, 0], [batch, heads, length, half]),
        slice(head, [0, 0, 0, half], [batch, heads, length, half]),
      ];
  const first = sub(mul(a, cos), mul(b, sin));
  const second = add(mul(b, cos), mul(a, sin));
  const rotated = rope.interleaved
    ? reshape(stack([first, second], 4), [batch, heads, length, turned])
    : concat([first, second], 3);
  if (turned === size) return rotated as Tensor4D;
  const rest = slice(x, [0, 0, 0, turned], [batch, heads, length, size - turned]);
  return concat([rotated, rest], 3) as Tensor4D;
}
