// Between the layout of the linear layers, [B, T, H d], and that of attention, [B, H, T, d]: with the rotary positions on the way in, as one fused kernel each way where the
// backend has it. The gradient of either is the other, with the rotation turned back.
import {
  customGrad,
  reshape,
  type Tensor,
  type Tensor3D,
  type Tensor4D,
  transpose,
} from '@tensorflow/tfjs-core';
import type { RopeConfig } from '../models/model-config.ts';
import { hasKernel, runOwnKernel } from './own-kernel.ts';
import { applyRope, type RopeTables } from './rope.ts';

/** How to rotate: the layer's rope and the tables of the pass. */
export interface Rotation {
  readonly rope: RopeConfig;
  readonly tables: RopeTables;
}

/** x [B, T, H, d] -> [B, H, T, d], rotated when asked. */
export function splitHeads(x: Tensor4D, rotation?: Rotation): Tensor4D {
  if (x.size === 0 || !hasKernel('Ashlar/SplitHeads')) {
    const turned = transpose(x, [0, 2, 1, 3]) as Tensor4D;
    return rotation === undefined ? turned : applyRope(turned, rotation.rope, rotation.tables);
  }
  const tables = rotation === undefined ? [] : [rotation.tables.cos, rotation.tables.sin];
  const half = rotation === undefined ? 0 : rotation.rope.rotaryDim / 2;
  const attrs = { half, interleaved: rotation?.rope.interleaved === true };
  const op = customGrad((input, save) => {
    (save as unknown as (tensors: Tensor[]) => void)(tables);
    const [cos, sin] = tables;
    return {
      value: runOwnKernel('Ashlar/SplitHeads', { x: input as Tensor, cos, sin }, attrs)[0],
      gradFunc: (dy, saved) => {
        const [c, s] = saved as Tensor[];
        return runOwnKernel('Ashlar/JoinHeads', { x: dy as Tensor, cos: c, sin: s }, attrs)[0];
      },
    };
  });
  return op(x) as Tensor4D;
}

/** x [B, H, T, d] -> [B, T, H d]. */
export function joinHeads(x: Tensor4D): Tensor3D {
  const [batch, heads, length, size] = x.shape;
  const shape: [number, number, number] = [batch, length, heads * size];
  if (x.size === 0 || !hasKernel('Ashlar/JoinHeads')) return reshape(transpose(x, [0, 2, 1, 3]), shape);
  const attrs = { half: 0, interleaved: false };
  const op = customGrad((input) => ({
    value: reshape(runOwnKernel('Ashlar/JoinHeads', { x: input as Tensor }, attrs)[0], shape),
    gradFunc: (dy) =>
      runOwnKernel('Ashlar/SplitHeads', { x: reshape(dy as Tensor, [batch, length, heads, size]) }, attrs)[0],
  }));
  return op(x) as Tensor3D;
}
