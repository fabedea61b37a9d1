// Products of integers on the device: exact where nothing has to be rounded, within half a step of every activation elsewhere. On whatever adapter Dawn finds.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allowSwiftShader, peers } from '../../../../../peers/modules.ts';
import { chooseBackend } from '../../backends/choose.ts';
import { hasPackedProducts, webgpuDevice } from '../../backends/webgpu.ts';
import { loadModel } from '../../models/load-model.ts';
import { dequantize } from '../../weights/quantization/dequantize.ts';
import { allocateMatrix, writeRows } from './device-matrix.ts';
import { createDeviceMemory, type DeviceMemory } from './device-memory.ts';
import { createKernelCache, type KernelCache, passBytes } from './kernel.ts';
import type { LinearShape } from './kernels/linear.ts';
import { gemvInt8Kernel, hasIntegers, int8Block, roundToInt8Kernel } from './kernels/linear-int8.ts';
import { replay } from './profile-pass.ts';
import { randomBlocks } from './random-blocks.ts';
import { floatKind, kindOf, quantWords, type WeightKind } from './weight-kind.ts';

const cases = join(dirname(fileURLToPath(import.meta.url)), '../../../../../conformance/cases/models');
allowSwiftShader();
const started = await chooseBackend('webgpu', { peers, allowSoftwareGpu: true }).then(
  () => true,
  () => false,
);
const able = started && hasPackedProducts(webgpuDevice() as GPUDevice);
const dtypes = ['Q8_0', 'Q4_0', 'Q4_1', 'Q5_0', 'Q5_1', 'Q4_K', 'Q5_K', 'Q6_K'] as const;

describe.skipIf(!able)('products of integers', () => {
  let memory: DeviceMemory;
  const caches: KernelCache[] = [];
  beforeAll(() => {
    const device = webgpuDevice() as GPUDevice;
    memory = createDeviceMemory(device);
    caches.push(createKernelCache(device, false));
    if (device.features.has('subgroups' as GPUFeatureName)) caches.push(createKernelCache(device, true));
  });
  afterAll(() => memory.dispose());

  /** Products of `rows` rows of x [rows, columns] with random weights; `bound` is what rounding may change of each. */
  async function product(
    dtype: (typeof dtypes)[number],
    {
      rows,
      outputs,
      columns,
      gated = false,
    }: { rows: number; outputs: number; columns: number; gated?: boolean },
    of: (row: number, column: number) => number,
    cache: KernelCache,
  ) {
    const { device } = memory;
    const kind = kindOf(dtype, columns) as WeightKind;
    const all = gated ? 2 * outputs : outputs;
    const bytes = randomBlocks(dtype, kind, all * columns, 5);
    const weights = dequantize({ dtype, shape: [all, columns], bytes });
    const own = createDeviceMemory(device);
    const matrix = allocateMatrix(own, kind, all, columns, 'test');
    const [words, scaleWords] = [quantWords(kind, columns), kind.scaleWords(columns)];
    const [quants, scales] = [new Uint32Array(all * words), new Uint32Array(all * scaleWords)];
    const blocks = columns / kind.block;
    for (let r = 0; r < all; r++)
      kind.pack(
        new DataView(bytes.buffer, bytes.byteOffset),
        r * blocks * kind.blockBytes,
        blocks,
        quants.subarray(r * words, (r + 1) * words),
        scales.subarray(r * scaleWords, (r + 1) * scaleWords),
      );
    writeRows(device, matrix, 0, all, quants, scales);
    const x = Float32Array.from({ length: rows * columns }, (_, i) =>
      of(Math.floor(i / columns), i % columns),
    );
    const from = own.storage(x.byteLength, 'x');
    device.queue.writeBuffer(from, 0, x);
    const [q, d] = [own.storage(rows * columns, 'q'), own.storage((rows * columns) / 8, 'd')];
    const y = own.storage(rows * outputs * 4, 'y');
    const pass = own.uniform(passBytes, 'pass');
    device.queue.writeBuffer(pass, 0, Uint32Array.of(rows, 0, 0, 0));
    const shape: LinearShape = {
      ...{
        kind,
        columns,
        outputs,
        outOffset: 0,
        biasOffset: 0,
        outStride: outputs,
        xStride: columns,
        bias: false,
      },
      ...(gated ? { gated, activation: 'relu' as const } : {}),
    };
    const [part] = matrix.parts;
    const [at, cut] = [2, { threads: 8, outputs: 2 }];
    const list = [
      cache.dispatch(
        roundToInt8Kernel(columns, columns),
        pass,
        [from, q, d],
        [Math.ceil(columns / int8Block / 64), rows],
      ),
      cache.dispatch(
        gemvInt8Kernel(shape, at, cut, cache.subgroups),
        pass,
        [q, d, part.quants, part.scales as GPUBuffer, y],
        [Math.ceil(outputs / cut.outputs), 1, Math.ceil(rows / at)],
      ),
    ];
    const encoder = device.createCommandEncoder();
    const compute = encoder.beginComputePass();
    replay(compute, list);
    compute.end();
    const back = device.createBuffer({
      size: y.size,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    encoder.copyBufferToBuffer(y, 0, back, 0, y.size);
    device.queue.submit([encoder.finish()]);
    await back.mapAsync(GPUMapMode.READ);
    const got = new Float32Array(back.getMappedRange().slice(0)).subarray(0, rows * outputs);
    back.destroy();
    own.dispose();
    cache.forgetGroups();
    const dot = (r: number, o: number, half: boolean) => {
      let sum = 0;
      for (let b = 0; b < columns; b += int8Block) {
        const block = x.subarray(r * columns + b, r * columns + b + int8Block);
        const step = Math.max(...block.map(Math.abs)) / 127;
        for (let c = 0; c < int8Block; c++) {
          const w = weights[o * columns + b + c];
          sum += half ? (Math.abs(w) * step) / 2 : block[c] * w;
        }
      }
      return sum;
    };
    return Array.from(got, (value, i) => {
      const [r, o] = [Math.floor(i / outputs), i % outputs];
      const [a, b] = [dot(r, o, false), gated ? dot(r, o + outputs, false) : 0];
      const [ea, eb] = [dot(r, o, true), gated ? dot(r, o + outputs, true) : 0];
      const exact = gated ? Math.max(0, a) * b : a;
      const bound = gated ? ea * Math.abs(b) + eb * Math.abs(a) + ea * eb : ea;
      return { value, exact, bound };
    });
  }

  it.each(dtypes)(
    '%s: integers of at most 127 lose nothing, whatever the rows and the device',
    async (dtype) => {
      for (const cache of caches)
        for (const gated of [false, true]) {
          // 127 in every block makes its step 1.
          const list = await product(
            dtype,
            { rows: 3, outputs: 5, columns: 512, gated },
            (r, c) => (c % 32 === (r * 7) % 32 ? 127 : ((c * 37 + r * 11) % 255) - 127),
            cache,
          );
          const size = Math.max(...list.map(({ exact }) => Math.abs(exact)));
          for (const { value, exact } of list) expect(Math.abs(value - exact) / size).toBeLessThan(2e-5);
        }
    },
  );

  it.each(dtypes)('%s: other activations are within half a step each', async (dtype) => {
    let changed = 0;
    for (const gated of [false, true]) {
      const list = await product(
        dtype,
        { rows: 3, outputs: 6, columns: 256, gated },
        (r, c) => Math.sin(r * 31 + c * 7.3) * 10 ** ((c >> 5) % 3),
        caches[0],
      );
      for (const { value, exact, bound } of list) {
        expect(Math.abs(value - exact)).toBeLessThan(bound * 1.001 + 1e-5);
        if (value !== exact) changed++;
      }
    }
    expect(changed).toBeGreaterThan(0);
  });

  it('a row of zeros is zero', async () => {
    const list = await product('Q4_1', { rows: 2, outputs: 4, columns: 64 }, () => 0, caches[0]);
    for (const { value } of list) expect(Math.abs(value)).toBe(0);
  });

  it('weights that are no integers have no such product', () => {
    expect(hasIntegers(floatKind)).toBe(false);
    expect(dtypes.every((dtype) => hasIntegers(kindOf(dtype, 256) as WeightKind))).toBe(true);
  });

  it.each(['written-gguf-q80', 'written-gguf-q40'])(
    '%s: as an option of loadModel logits are close to those of float32, not equal, and the model says so',
    async (name) => {
      const place = join(cases, name);
      using exact = await loadModel(place);
      using rounded = await loadModel(place, { activations: 'int8' });
      expect([exact.quantizesActivations, rounded.quantizesActivations]).toEqual([false, true]);
      const rows = [];
      for (const model of [exact, rounded]) {
        using sequence = model.newSequence();
        for (const id of [3, 1, 4]) await model.step([{ sequence, ids: [id] }]);
        rows.push((await model.step([{ sequence, ids: [9] }]))[0]);
      }
      const [a, b] = rows;
      const norm = (values: ArrayLike<number>) => Math.hypot(...Array.from(values));
      const distance = norm(a.map((value, i) => value - b[i])) / norm(a);
      expect(distance).toBeGreaterThan(0);
      expect(distance).toBeLessThan(0.05);
    },
  );

  it('is refused where it has no effect', async () => {
    const place = join(cases, 'written-gguf-q80');
    await expect(loadModel(place, { activations: 'int8', executor: 'composite' })).rejects.toThrow(
      "expected int16 on webgpu's composite path",
    );
    await expect(loadModel(place, { activations: 'int4' as 'int8' })).rejects.toThrow(
      'expected int16 or int8',
    );
  });
});
