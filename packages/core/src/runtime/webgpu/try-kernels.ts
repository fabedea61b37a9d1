// For tests of single kernels: a device, random matrices on it, and what a list of dispatches leaves in a buffer.
import { chooseBackend } from '../../backends/choose.ts';
import { webgpuDevice } from '../../backends/webgpu.ts';
import { dequantize } from '../../weights/quantization/dequantize.ts';
import type { StoredDtype } from '../../weights/weight-file.ts';
import { allocateMatrix, type MatrixPart, writeRows } from './device-matrix.ts';
import type { DeviceMemory } from './device-memory.ts';
import { createKernelCache, type Dispatch, type KernelCache, passBytes } from './kernel.ts';
import { replay } from './profile-pass.ts';
import { randomBlocks } from './random-blocks.ts';
import { kindOf, quantWords, type WeightKind } from './weight-kind.ts';

/** The optional peers as tests have them; core itself does not know where they lie. */
export interface TestPeers {
  readonly peers: NonNullable<Parameters<typeof chooseBackend>[1]>['peers'];
  allowSwiftShader(): boolean;
}

/** The webgpu backend's device on whatever adapter Dawn finds; undefined where there is none. */
export async function testDevice({ peers, allowSwiftShader }: TestPeers): Promise<GPUDevice | undefined> {
  allowSwiftShader();
  try {
    await chooseBackend('webgpu', { ...(peers === undefined ? {} : { peers }), allowSoftwareGpu: true });
    return webgpuDevice();
  } catch {
    return undefined;
  }
}

/** A cache without subgroups, and one with where the device has some. */
export const testCaches = (device: GPUDevice): KernelCache[] => [
  createKernelCache(device, false),
  ...(device.features.has('subgroups' as GPUFeatureName) ? [createKernelCache(device, true)] : []),
];

/** A matrix of random weights [rows, columns] in one part, and what they are. */
export function randomMatrix(
  memory: DeviceMemory,
  dtype: StoredDtype,
  rows: number,
  columns: number,
  seed: number,
): { readonly kind: WeightKind; readonly part: MatrixPart; readonly weights: Float32Array } {
  const kind = kindOf(dtype, columns) as WeightKind;
  const bytes = randomBlocks(dtype, kind, rows * columns, seed);
  const matrix = allocateMatrix(memory, kind, rows, columns, 'test');
  const [words, scaleWords] = [quantWords(kind, columns), kind.scaleWords(columns)];
  const [quants, scales] = [new Uint32Array(rows * words), new Uint32Array(rows * scaleWords)];
  const blocks = columns / kind.block;
  for (let r = 0; r < rows; r++)
    kind.pack(
      new DataView(bytes.buffer, bytes.byteOffset),
      r * blocks * kind.blockBytes,
      blocks,
      quants.subarray(r * words, (r + 1) * words),
      scales.subarray(r * scaleWords, (r + 1) * scaleWords),
    );
  writeRows(memory.device, matrix, 0, rows, quants, scales);
  const weights = dequantize({ dtype, shape: [rows, columns], bytes });
  return { kind, part: matrix.parts[0], weights: Float32Array.from(weights) };
}

/** A buffer with these values. */
export function filled(memory: DeviceMemory, values: Float32Array): GPUBuffer {
  const buffer = memory.storage(values.byteLength, 'test');
  memory.device.queue.writeBuffer(buffer, 0, values as Float32Array<ArrayBuffer>);
  return buffer;
}

/** The uniform of a pass over `rows` rows. */
export function passOf(memory: DeviceMemory, rows: number): GPUBuffer {
  const pass = memory.uniform(passBytes, 'pass');
  memory.device.queue.writeBuffer(pass, 0, Uint32Array.of(rows, 0, 0, 0));
  return pass;
}

/** Runs `list` and answers the first `count` floats of `from`. */
export async function floatsAfter(
  device: GPUDevice,
  list: readonly Dispatch[],
  from: GPUBuffer,
  count: number,
): Promise<Float32Array> {
  const encoder = device.createCommandEncoder();
  const compute = encoder.beginComputePass();
  replay(compute, list);
  compute.end();
  const back = device.createBuffer({
    size: from.size,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  encoder.copyBufferToBuffer(from, 0, back, 0, from.size);
  device.queue.submit([encoder.finish()]);
  await back.mapAsync(GPUMapMode.READ);
  const values = new Float32Array(back.getMappedRange().slice(0)).subarray(0, count);
  back.destroy();
  return values;
}
