// How long a dispatch takes: repeated until there is something to measure, by the device's timestamps or else by the clock around its work.
import type { Dispatch } from './kernel.ts';
import { replay } from './profile-pass.ts';

/** Milliseconds of one dispatch. */
export type DispatchTimer = (dispatch: Dispatch) => Promise<number>;

/** Enough for a clock of a tenth of a millisecond, which Dawn's timestamps have by default. */
const enough = 3;
const mostRepeats = 512;

/** A timer on `device`. */
export function createDispatchTimer(device: GPUDevice): DispatchTimer {
  const run = device.features.has('timestamp-query') ? byTimestamps : byClock;
  return async (dispatch) => {
    let repeats = 4;
    let time = await run(device, dispatch, 1); // compiles
    for (;;) {
      time = await run(device, dispatch, repeats);
      if (time >= enough || repeats >= mostRepeats) break;
      repeats = Math.min(mostRepeats, repeats * 4);
    }
    const again = await run(device, dispatch, repeats);
    return Math.min(time, again) / repeats;
  };
}

async function byClock(device: GPUDevice, dispatch: Dispatch, repeats: number): Promise<number> {
  const encoder = device.createCommandEncoder();
  const compute = encoder.beginComputePass();
  for (let i = 0; i < repeats; i++) replay(compute, [dispatch]);
  compute.end();
  const commands = encoder.finish();
  await device.queue.onSubmittedWorkDone();
  const started = performance.now();
  device.queue.submit([commands]);
  await device.queue.onSubmittedWorkDone();
  return performance.now() - started;
}

async function byTimestamps(device: GPUDevice, dispatch: Dispatch, repeats: number): Promise<number> {
  const queries = device.createQuerySet({ type: 'timestamp', count: 2 });
  const resolved = device.createBuffer({
    size: 16,
    usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
  });
  const back = device.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  try {
    const encoder = device.createCommandEncoder();
    const compute = encoder.beginComputePass({
      timestampWrites: { querySet: queries, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 },
    });
    for (let i = 0; i < repeats; i++) replay(compute, [dispatch]);
    compute.end();
    encoder.resolveQuerySet(queries, 0, 2, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, back, 0, 16);
    device.queue.submit([encoder.finish()]);
    await back.mapAsync(GPUMapMode.READ);
    const [from, to] = new BigUint64Array(back.getMappedRange());
    return Number(to - from) / 1e6;
  } finally {
    queries.destroy();
    resolved.destroy();
    back.destroy();
  }
}
