// The plan on the GPU: a pass writes its small tables, replays recorded dispatches in one command buffer and reads back the rows of logits that were asked for.
import type { Tensor } from '@tensorflow/tfjs-core';
import { checkBackend } from '../../backends/choose.ts';
import { isSoftwareDevice } from '../../backends/webgpu.ts';
import type { ModelConfig } from '../../models/model-config.ts';
import type { PassRequest, StepExecutor } from '../step-executor.ts';
import { createDeviceAdapters, type DeviceAdapter } from './device-adapters.ts';
import type { DeviceMemory } from './device-memory.ts';
import type { DeviceParameters } from './device-parameters.ts';
import { createKernelCache, type Dispatch } from './kernel.ts';
import { gpuTuning, type LinearTuning, softwareTuning } from './linear-tuning.ts';
import { createParameterTensors, tensorBuffer } from './parameter-tensors.ts';
import { createPassBuffers } from './pass-buffers.ts';
import { createPassTables, type RowOf, rowsOf } from './pass-tables.ts';
import { createPlanDispatches } from './plan-dispatches.ts';
import { createWebgpuPageStore } from './webgpu-page-store.ts';

/** Options of `createWebgpuExecutor`. */
export interface WebgpuExecutorOptions {
  readonly pageSize: number;
  /** Rows of tokens in one pass; longer prompts take several. Default 512. */
  readonly maxRows?: number;
  /** Attend to this many latest tokens only. */
  readonly window?: number;
  /** With a window: first tokens that stay visible. */
  readonly sinks?: number;
  /** False: kernels for devices without subgroups, even where there are some. */
  readonly subgroups?: boolean;
  /** Default by the device. */
  readonly tuning?: LinearTuning;
}

/** Time that kernels of one sort took, and how many there were. */
export interface KernelTime {
  readonly sort: string;
  readonly count: number;
  readonly microseconds: number;
}

/** The executor with what benches and tests look at. */
export interface WebgpuExecutor extends StepExecutor {
  /** Dispatches of a pass over `rows` rows with logits for `wanted` of them. */
  dispatches(rows: number, wanted?: number): number;
  /** Milliseconds that the host spent on the last pass before it was submitted; where it had been recorded during the pass before, only the tables. */
  readonly recordTime: number;
  /** Milliseconds to record a pass of the same shape as the last. */
  timeRecording(): number;
  /** Runs the layers of a pass of the same shape as the last with a timestamp around every dispatch; undefined where the device has none. */
  profile(): Promise<KernelTime[] | undefined>;
  /** Milliseconds on the device of a pass of the same shape as the last, layers and head, without host or readback: the mean of `repeats` in one command buffer. */
  deviceTime(repeats?: number): Promise<number>;
  /** Bytes of all buffers on the device. */
  readonly deviceBytes: number;
  tensor(name: string): Tensor;
}

const logitRows = 64;

/** An executor over `parameters`; it owns them and everything else in `memory`. */
export function createWebgpuExecutor(
  memory: DeviceMemory,
  config: ModelConfig,
  parameters: DeviceParameters,
  { pageSize, maxRows = 512, window, sinks = 0, subgroups, tuning }: WebgpuExecutorOptions,
): WebgpuExecutor {
  const { device } = memory;
  const cache = createKernelCache(device, subgroups);
  const { numHeads: H, numKeyValueHeads: G, headDim: d, vocabSize: V } = config;
  const store = createWebgpuPageStore(memory, { layers: config.numLayers, groups: G, pageSize, headDim: d });
  const buffers = createPassBuffers(memory, config, maxRows);
  const tables = createPassTables(memory, buffers, store);
  const adapters = createDeviceAdapters(memory, config, maxRows, cache.subgroups, tensorBuffer);
  const plan = createPlanDispatches({
    memory,
    cache,
    config,
    parameters,
    buffers,
    store,
    blocks: () => tables.blocks,
    window,
    sinks,
    adapters,
    tuning: tuning ?? (isSoftwareDevice(device) ? softwareTuning : gpuTuning),
  });
  const tensors = createParameterTensors(memory, cache, parameters);
  let logits: { buffer: GPUBuffer; rows: number } | undefined;
  let recordTime = 0;

  // Recorded passes hold bind groups, so they end when a buffer under them is replaced.
  const passes = new Map<string, readonly Dispatch[]>();
  let seen: unknown[] = [];
  let epoch = 0;
  const refresh = () => {
    const now = [store.version, parameters.version, tables.blocks, logits?.buffer, adapters.version];
    if (now.every((value, i) => value === seen[i])) return;
    seen = now;
    epoch++;
    passes.clear();
    cache.forgetGroups();
  };
  const recorded = (key: string, make: () => readonly Dispatch[]): readonly Dispatch[] => {
    const known = passes.get(key);
    if (known !== undefined) return known;
    const made = make();
    // Prompts come in all lengths; keep the passes of a few.
    if (passes.size >= 64) {
      const keys = [...passes.keys()];
      passes.delete(keys.find((old) => !old.startsWith('1 ')) ?? keys[0]);
    }
    passes.set(key, made);
    return made;
  };
  const layersOf = (rows: number, keys: number, beside: readonly DeviceAdapter[] = []) => {
    const splits = splitsOf(rows * H, keys);
    return recorded([rows, splits, ...idsOf(beside)].join(' '), () => plan.layers(rows, splits, beside));
  };
  const logitsFor = (rows: number): GPUBuffer => {
    if (logits === undefined || logits.rows < rows) {
      memory.free(logits?.buffer);
      logits = { buffer: memory.storage(rows * V * 4, 'logits'), rows };
    }
    return logits.buffer;
  };

  const staging: GPUBuffer[] = [];
  const takeStaging = (bytes: number): GPUBuffer => {
    const fits = staging.findIndex(({ size }) => size >= bytes);
    if (fits >= 0) return staging.splice(fits, 1)[0];
    return device.createBuffer({
      size: bytes,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
      label: 'staging',
    });
  };
  const giveStaging = (buffer: GPUBuffer) => {
    staging.push(buffer);
    if (staging.length > 4) staging.shift()?.destroy();
  };

  /** A pass that has been recorded: it reads everything that changes from the tables, so it may be submitted whenever they say the same shape. */
  interface Recorded {
    readonly key: string;
    readonly epoch: number;
    readonly commands: GPUCommandBuffer;
    readonly back: GPUBuffer | undefined;
  }
  let ahead: Recorded | undefined;
  let lastKey = '';
  const record = (
    rows: number,
    keys: number,
    wanted: number,
    beside: readonly DeviceAdapter[] = [],
  ): Recorded => {
    const encoder = device.createCommandEncoder();
    const compute = encoder.beginComputePass();
    replay(compute, layersOf(rows, keys, beside));
    const target = wanted === 0 ? undefined : logitsFor(wanted);
    if (target !== undefined)
      replay(
        compute,
        recorded(`head ${wanted}`, () => plan.head(wanted, target)),
      );
    compute.end();
    let back: GPUBuffer | undefined;
    if (target !== undefined) {
      back = takeStaging(wanted * V * 4);
      encoder.copyBufferToBuffer(target, 0, back, 0, wanted * V * 4);
    }
    return { key: keyOf(rows, keys, wanted, beside), epoch, commands: encoder.finish(), back };
  };
  const keyOf = (rows: number, keys: number, wanted: number, beside: readonly DeviceAdapter[]) =>
    [rows, splitsOf(rows * H, keys), wanted, ...idsOf(beside)].join(' ');
  const takeAhead = (key: string): Recorded | undefined => {
    const found = ahead;
    ahead = undefined;
    if (found === undefined || (found.key === key && found.epoch === epoch)) return found;
    if (found.back !== undefined) giveStaging(found.back);
    return undefined;
  };

  /** Submits a pass, recorded now or during the last one; answers the staging buffer that will hold the logits of the wanted rows. */
  const submit = (
    part: readonly RowOf[],
    requests: readonly PassRequest[],
    lengths: readonly number[],
    wanted: readonly number[],
    own: readonly (DeviceAdapter | undefined)[],
  ) => {
    const start = performance.now();
    const keys = tables.write(part, requests, lengths);
    const beside = adapters.write(part, own);
    if (wanted.length > 0) {
      logitsFor(wanted.length);
      device.queue.writeBuffer(buffers.picked, 0, Uint32Array.from(wanted));
      device.queue.writeBuffer(buffers.headPass, 0, Uint32Array.of(wanted.length, 0, 0, 0));
    }
    refresh();
    const key = keyOf(part.length, keys, wanted.length, beside);
    const { commands, back } = takeAhead(key) ?? record(part.length, keys, wanted.length, beside);
    device.queue.submit([commands]);
    recordTime = performance.now() - start;
    // A token after a token: the next pass will be the same, and the device is busy for as long as recording it takes.
    if (key === lastKey) ahead = record(part.length, keys, wanted.length, beside);
    lastKey = key;
    return back;
  };

  const runRows = async (requests: readonly PassRequest[]): Promise<Float32Array[]> => {
    const lengths = requests.map(({ ids, reservation }) => reservation.start + ids.length);
    const rows = rowsOf(requests);
    const own = adapters.of(requests);
    const results = new Array<Float32Array>(requests.length);
    for (const part of cut(rows, maxRows)) {
      const wanted = part.flatMap((row, i) => (row.last ? [i] : []));
      const back = submit(part, requests, lengths, wanted, own);
      if (back === undefined) {
        await new Promise<void>((resolve) => setTimeout(resolve, 0));
        continue;
      }
      await back.mapAsync(GPUMapMode.READ, 0, wanted.length * V * 4);
      const values = new Float32Array(back.getMappedRange(0, wanted.length * V * 4));
      wanted.forEach((row, i) => {
        results[part[row].request] = values.slice(i * V, (i + 1) * V);
      });
      back.unmap();
      giveStaging(back);
    }
    // A GPU reports its errors late and leaves zeros behind: better no logits than wrong ones.
    checkBackend('webgpu');
    return results;
  };

  const executor: WebgpuExecutor = {
    name: 'webgpu',
    store,
    quantizesActivations: false,
    get weightBytes() {
      return parameters.bytes;
    },
    get deviceBytes() {
      return memory.bytes;
    },
    get recordTime() {
      return recordTime;
    },
    dispatches: (rows, wanted = 1) =>
      layersOf(rows, 1).length +
      (wanted === 0 ? 0 : recorded(`head ${wanted}`, () => plan.head(wanted, logitsFor(wanted))).length),
    async run(requests) {
      adapters.begin();
      try {
        return await runRows(requests);
      } finally {
        adapters.end();
      }
    },
    forgetAdapter: (adapter) => adapters.forget(adapter),
    replace: (name, values) => tensors.replace(name, values),
    replaceTensor: (name, value) => tensors.replace(name, value),
    parameter(name) {
      throw new TypeError(
        `${name}: expected a tensor to be asked for, the device gives no floats without waiting`,
      );
    },
    tensor: (name) => tensors.read(name),
    timeRecording() {
      const [rows, , wanted] = lastKey.split(' ').map(Number);
      const start = performance.now();
      const { back } = record(rows, 1, wanted);
      const time = performance.now() - start;
      if (back !== undefined) giveStaging(back);
      return time;
    },
    async deviceTime(repeats = 20) {
      const [layers, head] = [true, false].map(
        (wanted) =>
          [...passes.entries()].filter(([key]) => !key.startsWith('head') === wanted).at(-1)?.[1] ?? [],
      );
      const record = (times: number) => {
        const encoder = device.createCommandEncoder();
        const compute = encoder.beginComputePass();
        for (let i = 0; i < times; i++) {
          replay(compute, layers);
          replay(compute, head);
        }
        compute.end();
        return encoder.finish();
      };
      const once = record(1);
      const many = record(repeats);
      device.queue.submit([once]);
      await device.queue.onSubmittedWorkDone();
      const start = performance.now();
      device.queue.submit([many]);
      await device.queue.onSubmittedWorkDone();
      return (performance.now() - start) / repeats;
    },
    profile: () =>
      profilePass(device, [...passes.entries()].filter(([key]) => !key.startsWith('head')).at(-1)?.[1] ?? []),
    dispose() {
      ahead?.back?.destroy();
      ahead = undefined;
      for (const buffer of staging) buffer.destroy();
      staging.length = 0;
      store.dispose();
      memory.dispose();
      passes.clear();
      cache.forgetGroups();
    },
  };
  return executor;
}

const idsOf = (adapters: readonly DeviceAdapter[]): number[] => adapters.map(({ id }) => id);

function replay(compute: GPUComputePassEncoder, list: readonly Dispatch[]): void {
  for (const { pipeline, group, x, y, z } of list) {
    compute.setPipeline(pipeline);
    compute.setBindGroup(0, group);
    compute.dispatchWorkgroups(x, y, z);
  }
}

/** Passes of at most `most` rows, each with at most `logitRows` rows whose logits are wanted. */
function cut(rows: readonly RowOf[], most: number): RowOf[][] {
  const parts: RowOf[][] = [];
  let wanted = 0;
  for (const row of rows) {
    const last = parts.at(-1);
    if (last === undefined || last.length === most || (row.last && wanted === logitRows)) {
      parts.push([row]);
      wanted = row.last ? 1 : 0;
    } else {
      last.push(row);
      if (row.last) wanted++;
    }
  }
  return parts;
}

/** Workgroups that share the keys of one head and row: enough to fill a GPU, each with a hundred keys at least. */
function splitsOf(pairs: number, keys: number): number {
  const wanted = Math.min(512 / pairs, keys / 128);
  return wanted >= 16 ? 16 : wanted >= 4 ? 4 : 1;
}

async function profilePass(device: GPUDevice, list: readonly Dispatch[]): Promise<KernelTime[] | undefined> {
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
