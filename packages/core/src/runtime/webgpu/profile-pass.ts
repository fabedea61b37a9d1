// Recorded dispatches in a compute pass, and the same with a timestamp around every one.
import type { Dispatch } from './kernel.ts';

/** Time that kernels of one sort took, and how many there were. */
export interface KernelTime {
  readonly sort: string;
  readonly count: number;
  readonly microseconds: number;
}

/** Puts dispatches into a compute pass. */
export function replay(compute: GPUComputePassEncoder, list: readonly Dispatch[]): void {
  for (const { pipeline, group, x, y, z } of list) {
    compute.setPipeline(pipeline);
    compute.setBindGroup(0, group);
    compute.dispatchWorkgroups(x, y, z);
  }
}

/** Runs dispatches with a timestamp around each; undefined where the device has none. */
export async function profilePass(
  device: GPUDevice,
  list: readonly Dispatch[],
): Promise<KernelTime[] | undefined> {
  if (!device.features.has('timestamp-query')) return undefined;
  const most = 2048;
  const some = list.slice(0, most);
  const queries = device.createQuerySet({ type: 'timestamp', count: some.length * 2 });
  const bytes = some.length * 16;
  const resolved = device.createBuffer({
    size: bytes,
    usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
  });
  const back = device.createBuffer({ size: bytes, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const encoder = device.createCommandEncoder();
  some.forEach((dispatch, i) => {
    const compute = encoder.beginComputePass({
      timestampWrites: {
        querySet: queries,
        beginningOfPassWriteIndex: i * 2,
        endOfPassWriteIndex: i * 2 + 1,
      },
    });
    replay(compute, [dispatch]);
    compute.end();
  });
  encoder.resolveQuerySet(queries, 0, some.length * 2, resolved, 0);
  encoder.copyBufferToBuffer(resolved, 0, back, 0, bytes);
  device.queue.submit([encoder.finish()]);
  await back.mapAsync(GPUMapMode.READ);
  const times = new BigUint64Array(back.getMappedRange().slice(0));
  for (const buffer of [resolved, back]) buffer.destroy();
  queries.destroy();
  const sums = new Map<string, { count: number; microseconds: number }>();
  some.forEach(({ sort }, i) => {
    const own = sums.get(sort) ?? { count: 0, microseconds: 0 };
    sums.set(sort, {
      count: own.count + 1,
      microseconds: own.microseconds + Number(times[i * 2 + 1] - times[i * 2]) / 1000,
    });
  });
  return [...sums].map(([sort, sum]) => ({ sort, ...sum })).sort((a, b) => b.microseconds - a.microseconds);
}
