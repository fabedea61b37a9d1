// What every WebGPU device has (the specification's default limits) is enough for the kernels of the plan: 8 storage buffers, 16384 bytes of workgroup memory, 256 threads.
import { expect, test } from 'vitest';
import type { StoredDtype } from '../../weights/weight-file.ts';
import type { Kernel } from './kernel.ts';
import { type AttendShape, attendKernel } from './kernels/attend.ts';
import { attendTileKernel, queriesOf } from './kernels/attend-tile.ts';
import { gemmKernel, gemvKernel, type LinearShape, tileBytes } from './kernels/linear.ts';
import { hasIntegers } from './kernels/raw-integers.ts';
import { rotateAppendKernel } from './kernels/rotate-append.ts';
import { roundedTileKernel } from './kernels/rounded-tiles.ts';
import { gpuTuning, type ProductSize, softwareTuning, tilesWithin } from './linear-tuning.ts';
import { strideOf } from './pass-buffers.ts';
import { kindOf, type WeightKind } from './weight-kind.ts';

const memory = 16384;
const bytesOf: Readonly<Record<string, number>> = {
  'vec4<f32>': 16,
  'vec2<f32>': 8,
  'vec2<u32>': 8,
  half4: 8,
  f32: 4,
  u32: 4,
  i32: 4,
};

/** Bytes of the workgroup variables of a kernel. */
function workgroupBytes({ code }: Kernel): number {
  const declared = [...code.matchAll(/var<workgroup> (\w+): ([^;]+);/g)];
  return declared.reduce((sum, [, name, type]) => {
    const [, element, count = '1'] = /^array<(.+), (\d+)>$/.exec(type) ?? [type, type];
    expect(bytesOf[element], `${name}: ${type}`).toBeDefined();
    return sum + bytesOf[element] * Number(count);
  }, 0);
}

function expectPortable(kernel: Kernel): void {
  expect(kernel.bindings.length, kernel.key).toBeLessThanOrEqual(8);
  expect(workgroupBytes(kernel), kernel.key).toBeLessThanOrEqual(memory);
  const [, x, y = '1'] = /@workgroup_size\((\d+)(?:, (\d+))?\)/.exec(kernel.code) as RegExpExecArray;
  expect(Number(x) * Number(y), kernel.key).toBeLessThanOrEqual(256);
}

test('attention, rotation and append, for all sizes of heads and ways to keep the cache', () => {
  for (const headDim of [8, 20, 64, 80, 96, 128, 160, 192, 256, 512]) {
    for (const dtype of ['float32', 'float16', 'int8'] as const) {
      for (const { attendThreads: threads } of [gpuTuning, softwareTuning]) {
        const sizes = { heads: 8, groups: 2, headDim, pageSize: 32, stride: 12 * headDim };
        const shape: AttendShape = {
          ...sizes,
          ...{ outStride: 8 * headDim, scale: 1, softcap: 30, window: 100, sinks: 1, alibi: true },
          ...{ splits: 1, threads, dtype },
        };
        for (const subgroups of [false, true]) {
          expectPortable(attendKernel(shape, subgroups));
          const norm = { kind: 'layer', eps: 1e-5, weight: true, bias: true, unitOffset: false } as const;
          expectPortable(
            rotateAppendKernel(
              {
                ...sizes,
                clip: 8,
                norm: { scope: 'each-head', norm },
                rope: { rotaryDim: headDim, interleaved: false },
                append: dtype,
              },
              subgroups,
            ),
          );
        }
        const queries = queriesOf(headDim, threads);
        if (queries > 1) expectPortable(attendTileKernel(shape, queries));
      }
    }
  }
});

test('products of every kind of weights, few rows and many, plain and gated', () => {
  const tuning = tilesWithin(gpuTuning, memory);
  let shrunk = 0;
  for (const dtype of ['F32', 'F16', 'Q8_0', 'Q4_0', 'Q4_1', 'Q4_K', 'Q6_K'] as StoredDtype[]) {
    for (const [columns, outputs] of [
      [512, 512],
      [2048, 8192],
      [4096, 128256],
    ]) {
      const kind = kindOf(dtype, columns) as WeightKind;
      for (const each of [1, 2] as const) {
        const shape: LinearShape = {
          ...{ kind, columns, outputs, outOffset: 0, biasOffset: 0, bias: true },
          ...{ outStride: strideOf(outputs), xStride: strideOf(columns) },
          ...(each === 2 ? { gated: true, activation: 'gelu-tanh' as const } : {}),
        };
        for (const rows of [1, 2, 8, 16, 40, 128, 512]) {
          const size: ProductSize = { rows, kind: kind.name, eights: columns / 8, each, outputs };
          for (const subgroups of [false, true]) {
            const { rowsAtATime, ...cut } = tuning.gemv(size);
            expectPortable(gemvKernel(shape, rowsAtATime, cut, subgroups));
          }
          const tile = tuning.tile(size);
          expectPortable(gemmKernel(shape, tile));
          expectPortable(roundedTileKernel('float16', shape, tile));
          if (hasIntegers(kind)) expectPortable(roundedTileKernel('int8', shape, tile));
          if (tile.rows !== gpuTuning.tile(size).rows) shrunk++;
        }
      }
    }
  }
  // The largest tile is more than every device has.
  expect(shrunk).toBeGreaterThan(0);
});

test('tiles keep what they had where there is room, and always fit', () => {
  const size: ProductSize = { rows: 512, kind: 'F32', eights: 512, each: 1, outputs: 16384 };
  expect(tilesWithin(gpuTuning, 32768).tile(size)).toEqual(gpuTuning.tile(size));
  expect(tileBytes(gpuTuning.tile(size))).toBeGreaterThan(memory);
  expect(tilesWithin(gpuTuning, memory).tile(size)).toEqual({ rows: 64, outputs: 64 });
});
