// Every kind of packed matrix through every shape of linear kernel, against the product of the dequantised weights. On whatever adapter Dawn finds.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allowSwiftShader, peers } from '../../../../../peers/modules.ts';
import { chooseBackend } from '../../backends/choose.ts';
import { webgpuDevice } from '../../backends/webgpu.ts';
import { dequantize } from '../../weights/quantization/dequantize.ts';
import type { StoredDtype } from '../../weights/weight-file.ts';
import { allocateMatrix, writeRows } from './device-matrix.ts';
import { createDeviceMemory, type DeviceMemory } from './device-memory.ts';
import { createKernelCache, type Kernel, type KernelCache, passBytes } from './kernel.ts';
import { type GemmTile, gemmKernel, gemvKernel, type LinearShape } from './kernels/linear.ts';
import { blockHalves, randomBlocks } from './random-blocks.ts';
import { kindOf, quantWords, type WeightKind } from './weight-kind.ts';

allowSwiftShader();
const started = await chooseBackend('webgpu', { peers, allowSoftwareGpu: true }).then(
  () => true,
  () => false,
);

const dtypes: readonly StoredDtype[] = ['F32', 'BF16', ...(Object.keys(blockHalves) as StoredDtype[])];

describe.skipIf(!started)('linear kernels', () => {
  let memory: DeviceMemory;
  const caches: KernelCache[] = [];
  beforeAll(() => {
    const device = webgpuDevice() as GPUDevice;
    memory = createDeviceMemory(device);
    caches.push(createKernelCache(device, false));
    if (device.features.has('subgroups' as GPUFeatureName)) caches.push(createKernelCache(device, true));
  });
  afterAll(() => memory.dispose());

  async function product(
    dtype: StoredDtype,
    {
      rows,
      outputs,
      columns,
      gated = false,
      seed,
    }: { rows: number; outputs: number; columns: number; gated?: boolean; seed: number },
    make: (shape: LinearShape, cache: KernelCache) => { kernel: Kernel; grid: [number, number, number] },
    cache: KernelCache,
  ): Promise<{ got: Float32Array; expected: Float32Array }> {
    const { device } = memory;
    const kind = kindOf(dtype, columns) as WeightKind;
    const all = gated ? 2 * outputs : outputs;
    const bytes = randomBlocks(dtype, kind, all * columns, seed);
    const weights = dequantize({ dtype, shape: [all, columns], bytes });
    const matrix = allocateMatrix(memory, kind, all, columns, 'test');
    const [words, scaleWords] = [quantWords(kind, columns), kind.scaleWords(columns)];
    const [quants, scales] = [new Uint32Array(all * words), new Uint32Array(all * scaleWords)];
    const blocks = columns / kind.block;
    for (let r = 0; r < all; r++) {
      kind.pack(
        new DataView(bytes.buffer),
        r * blocks * kind.blockBytes,
        blocks,
        quants.subarray(r * words, (r + 1) * words),
        scales.subarray(r * scaleWords, (r + 1) * scaleWords),
      );
    }
    writeRows(device, matrix, 0, all, quants, scales);
    const stride = Math.ceil(columns / 8) * 8;
    const x = new Float32Array(rows * stride);
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++) x[r * stride + c] = Math.sin(r * 31 + c * 7 + seed);
    const bias = Float32Array.from({ length: all }, (_, i) => Math.cos(i));
    const [from, biases, y] = [x, bias, new Float32Array(rows * outputs)].map((values, i) => {
      const buffer = memory.storage(values.byteLength, `test ${i}`);
      device.queue.writeBuffer(buffer, 0, values);
      return buffer;
    });
    const pass = memory.uniform(passBytes, 'pass');
    device.queue.writeBuffer(pass, 0, Uint32Array.of(rows, 0, 0, 0));
    const shape: LinearShape = {
      kind,
      columns,
      outputs,
      outOffset: 0,
      biasOffset: 0,
      outStride: outputs,
      xStride: stride,
      bias: true,
      ...(gated ? { gated, activation: 'silu' as const } : {}),
    };
    const { kernel, grid } = make(shape, cache);
    const [part] = matrix.parts;
    const { pipeline, group } = cache.dispatch(
      kernel,
      pass,
      [from, part.quants, ...(part.scales ? [part.scales] : []), biases, y],
      grid,
    );
    const back = device.createBuffer({
      size: y.size,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    const encoder = device.createCommandEncoder();
    const compute = encoder.beginComputePass();
    compute.setPipeline(pipeline);
    compute.setBindGroup(0, group);
    compute.dispatchWorkgroups(...grid);
    compute.end();
    encoder.copyBufferToBuffer(y, 0, back, 0, y.size);
    device.queue.submit([encoder.finish()]);
    await back.mapAsync(GPUMapMode.READ);
    const got = new Float32Array(back.getMappedRange().slice(0)).subarray(0, rows * outputs);
    back.destroy();
    cache.forgetGroups();
    for (const buffer of [from, biases, y, pass, part.quants, part.scales]) memory.free(buffer);
    const dot = (r: number, o: number) => {
      let sum = bias[o];
      for (let c = 0; c < columns; c++) sum += x[r * stride + c] * weights[o * columns + c];
      return sum;
    };
    const expected = Float32Array.from({ length: rows * outputs }, (_, i) => {
      const [r, o] = [Math.floor(i / outputs), i % outputs];
      const first = dot(r, o);
      return gated ? (first / (1 + Math.exp(-first))) * dot(r, o + outputs) : first;
    });
    return { got, expected };
  }

  const agree = ({ got, expected }: { got: Float32Array; expected: Float32Array }) => {
    const size = Math.max(1, ...expected.map(Math.abs));
    let worst = 0;
    for (let i = 0; i < expected.length; i++) worst = Math.max(worst, Math.abs(got[i] - expected[i]));
    expect(worst / size).toBeLessThan(2e-5);
  };
  const gemv =
    (rowsAtATime: number, threads: number, outputs: number, unroll = 1) =>
    (shape: LinearShape, cache: KernelCache, rows = 5) => ({
      kernel: gemvKernel(shape, rowsAtATime, { threads, outputs, unroll }, cache.subgroups),
      grid: [Math.ceil(shape.outputs / outputs), 1, Math.ceil(rows / rowsAtATime)] as [
        number,
        number,
        number,
      ],
    });
  const gemm = (tile: GemmTile, rows: number) => (shape: LinearShape) => ({
    kernel: gemmKernel(shape, tile),
    grid: [
      Math.ceil((shape.outputs * (shape.gated ? 2 : 1)) / tile.outputs),
      Math.ceil(rows / tile.rows),
      1,
    ] as [number, number, number],
  });

  it.each(dtypes)('%s: few rows, with and without subgroups, plain and gated', async (dtype) => {
    for (const cache of caches) {
      agree(await product(dtype, { rows: 5, outputs: 21, columns: 512, seed: 3 }, gemv(4, 16, 2, 3), cache));
      agree(
        await product(
          dtype,
          { rows: 5, outputs: 13, columns: 256, gated: true, seed: 4 },
          gemv(2, 8, 4),
          cache,
        ),
      );
    }
  });

  it.each(['F32', 'Q4_0', 'Q6_K'] as const)('%s: tiles of rows, plain and gated', async (dtype) => {
    agree(
      await product(
        dtype,
        { rows: 37, outputs: 70, columns: 256, seed: 5 },
        gemm({ rows: 16, outputs: 64 }, 37),
        caches[0],
      ),
    );
    agree(
      await product(
        dtype,
        { rows: 70, outputs: 40, columns: 256, gated: true, seed: 6 },
        gemm({ rows: 64, outputs: 32 }, 70),
        caches[0],
      ),
    );
  });

  it('columns that fill no eight, outputs that fill no group', () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom('F32' as const, 'F16' as const, 'BF16' as const),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 9 }),
        async (dtype, columns, outputs) => {
          agree(await product(dtype, { rows: 5, outputs, columns, seed: 7 }, gemv(8, 4, 8), caches[0]));
        },
      ),
      { numRuns: 12 },
    ));
});
