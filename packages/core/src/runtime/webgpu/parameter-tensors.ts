// Parameters as tf.Tensors and back, without a round trip through the host: dequantised on the device when somebody asks, and a changed tensor becomes float32 rows.
import { backend, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { matrixShape } from '../load-plan-parameters.ts';
import { allocateMatrix, type DeviceMatrix, freeMatrix } from './device-matrix.ts';
import type { DeviceMemory } from './device-memory.ts';
import type { DeviceParameters } from './device-parameters.ts';
import { type Kernel, type KernelCache, passBytes } from './kernel.ts';
import { repackKernel, unpackKernel } from './kernels/gather.ts';
import { strideOf } from './pass-buffers.ts';
import { floatKind } from './weight-kind.ts';

/** tfjs's backend as far as we reach into it. */
interface TfBackend {
  /** Null when nothing has been recorded since the last submission. */
  readonly commandEncoder: GPUCommandEncoder | null;
  endComputePassEncoder(): void;
  submitQueue(): void;
  uploadToGPU(dataId: object): void;
  readonly tensorMap: { get(dataId: object): { readonly resource?: GPUBuffer } };
}

/** Parameters out of the packed matrices and into them. */
export interface ParameterTensors {
  /** A tensor in the shape of `listParameters`; the caller owns it. */
  read(name: string): Tensor;
  /** Takes float32 values in that shape. */
  replace(name: string, values: Tensor | Float32Array): void;
}

/** Reads and writes `parameters`. */
export function createParameterTensors(
  memory: DeviceMemory,
  cache: KernelCache,
  parameters: DeviceParameters,
): ParameterTensors {
  const { device } = memory;
  const pass = memory.uniform(passBytes, 'unpack');
  const run = (
    jobs: readonly { kernel: Kernel; bound: readonly GPUBuffer[]; width: number; rows: number }[],
  ) => {
    const encoder = device.createCommandEncoder();
    const compute = encoder.beginComputePass();
    for (const { kernel, bound, width, rows } of jobs) {
      const { pipeline, group, x, y, z } = cache.dispatch(kernel, pass, bound, [
        Math.ceil(width / 64),
        Math.min(rows, 65535),
        Math.ceil(rows / 65535),
      ]);
      compute.setPipeline(pipeline);
      compute.setBindGroup(0, group);
      compute.dispatchWorkgroups(x, y, z);
    }
    compute.end();
    device.queue.submit([encoder.finish()]);
    // These bind groups are used once and would keep their buffers alive.
    cache.forgetGroups();
  };
  /** Jobs that unpack rows `from` to `from + rows - 1` of `matrix` as rows from `to` on of `target`. */
  const unpackJobs = (
    { kind, columns, parts }: DeviceMatrix,
    from: number,
    rows: number,
    target: { buffer: GPUBuffer; to: number; total: number; stride: number; turned: boolean },
  ) =>
    parts.flatMap((part) => {
      const first = Math.max(from, part.from);
      const count = Math.min(from + rows, part.from + part.rows) - first;
      if (count <= 0) return [];
      const kernel = unpackKernel(kind, columns, {
        first: first - part.from,
        count,
        outRows: target.total,
        outFirst: target.to + first - from,
        outStride: target.stride,
        turned: target.turned,
      });
      const bound = [part.quants, ...(part.scales ? [part.scales] : []), target.buffer];
      return [{ kernel, bound, width: Math.ceil(columns / 8), rows: count }];
    });

  const isMatrix = (name: string) => {
    const role = parameters.specs.get(name)?.role;
    return role === 'linear' || role === 'embedding';
  };

  /** A buffer of our own with the first bytes of another: tfjs uses its buffers again. */
  const copyOf = (source: GPUBuffer, bytes: number, label: string): GPUBuffer => {
    const own = memory.storage(bytes, label);
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(source, 0, own, 0, bytes);
    device.queue.submit([encoder.finish()]);
    return own;
  };

  /** The group's matrix as float32, so that rows of it can be written. */
  const asFloats = (group: string): DeviceMatrix => {
    const old = parameters.matrix(group);
    if (old.kind === floatKind) return old;
    const members = parameters.membersOf(group);
    const unit =
      old.parts.length > 1 && members.length > 1 ? old.parts[0].rows : members.length > 1 ? old.rows : 1;
    const next = allocateMatrix(memory, floatKind, old.rows, old.columns, group, unit);
    const stride = strideOf(old.columns);
    run(
      next.parts.flatMap((part) =>
        unpackJobs(old, part.from, part.rows, {
          buffer: part.quants,
          to: 0,
          total: part.rows,
          stride,
          turned: false,
        }),
      ),
    );
    freeMatrix(memory, old);
    parameters.setMatrix(group, next);
    return next;
  };

  return {
    read(name) {
      const spec = parameters.specs.get(name);
      if (spec === undefined) throw new RangeError(`parameter: expected one of the model, got ${name}`);
      if (!isMatrix(name)) {
        const values = parameters.vector(name);
        return tensor(
          values instanceof Float32Array ? values.slice() : { buffer: values },
          [...spec.shape],
          'float32',
        );
      }
      const { group, from, rows } = parameters.member(name);
      const matrix = parameters.matrix(group);
      const buffer = memory.storage(rows * matrix.columns * 4, name);
      const turned = spec.role === 'linear';
      run(unpackJobs(matrix, from, rows, { buffer, to: 0, total: rows, stride: matrix.columns, turned }));
      const made = tensor({ buffer }, [...spec.shape], 'float32');
      // tfjs copies the buffer with its own encoder; it must have been submitted before the buffer goes.
      flush();
      memory.free(buffer);
      return made;
    },
    replace(name, values) {
      if (!isMatrix(name)) {
        parameters.setVector(
          name,
          values instanceof Float32Array ? values : copyOf(tensorBuffer(values), values.size * 4, name),
        );
        return;
      }
      const { group, from, rows, spec } = parameters.member(name);
      const matrix = asFloats(group);
      const own = values instanceof Float32Array ? memory.storage(values.byteLength, name) : undefined;
      if (values instanceof Float32Array)
        device.queue.writeBuffer(own as GPUBuffer, 0, values as Float32Array<ArrayBuffer>);
      const source = own ?? tensorBuffer(values as Tensor);
      const [total, columns] = matrixShape(spec);
      run(
        matrix.parts.flatMap((part) => {
          const first = Math.max(from, part.from);
          const count = Math.min(from + rows, part.from + part.rows) - first;
          if (count <= 0) return [];
          const turned = spec.role === 'linear';
          const kernel = repackKernel(columns, {
            first: first - part.from,
            count,
            inRows: total,
            inFirst: first - from,
            turned,
          });
          return [{ kernel, bound: [source, part.quants], width: columns, rows: count }];
        }),
      );
      memory.free(own);
    },
  };
}

/** The buffer under a tensor of the running webgpu backend, with everything written that was asked for. */
export function tensorBuffer(values: Tensor): GPUBuffer {
  const tf = backend() as unknown as TfBackend;
  tf.uploadToGPU(values.dataId);
  flush();
  const { resource } = tf.tensorMap.get(values.dataId);
  if (resource === undefined) throw new TypeError('tensor: expected one that lies on the device');
  return resource;
}

/** Submits what tfjs has recorded. */
function flush(): void {
  const tf = backend() as unknown as TfBackend;
  if (!tf.commandEncoder) return;
  tf.endComputePassEncoder();
  tf.submitQueue();
}
