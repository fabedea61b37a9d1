// The plan on the GPU: a pass writes its small tables, replays recorded dispatches in one command buffer and reads back the rows of logits that were asked for.
import type { Tensor } from '@tensorflow/tfjs-core';
import { checkBackend } from '../../backends/choose.ts';
import type { TopLogits } from '../../generate/language-model.ts';
import type { CacheDtype } from '../../kv-cache/page-store.ts';
import type { ModelConfig } from '../../models/model-config.ts';
import type { PassRequest, ReadPassRequest, StepExecutor } from '../step-executor.ts';
import type { AttendCut } from './attention-dispatches.ts';
import { createDeviceAdapters, type DeviceAdapter } from './device-adapters.ts';
import type { DeviceMemory } from './device-memory.ts';
import type { DeviceParameters } from './device-parameters.ts';
import { createTurns } from './in-turn.ts';
import { createKernelCache, type Dispatch } from './kernel.ts';
import { type Rounding, roundedBlock, roundedBytes } from './kernels/round-rows.ts';
import type { LinearTuning } from './linear-tuning.ts';
import { createParameterTensors, tensorBuffer } from './parameter-tensors.ts';
import { createPassBuffers, rowWidths } from './pass-buffers.ts';
import { createOutputReader, outputKey, type PassOutput } from './pass-output.ts';
import { createPassTables, type RowOf, rowsOf } from './pass-tables.ts';
import { createPlanDispatches } from './plan-dispatches.ts';
import { type KernelTime, profilePass, replay } from './profile-pass.ts';
import { createStaging } from './staging.ts';
import { createTopFinder } from './top-logits.ts';
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
  readonly tuning: LinearTuning;
  /** How keys and values are kept. Default float32. */
  readonly cacheDtype?: CacheDtype | undefined;
  /** What goes into products is rounded: to eight bits in front of packed integer weights, or to binary16 where many rows pass at once. Default: float32. */
  readonly rounds?: Rounding | undefined;
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
  {
    pageSize,
    maxRows = 512,
    window,
    sinks = 0,
    subgroups,
    tuning,
    rounds,
    cacheDtype,
  }: WebgpuExecutorOptions,
): WebgpuExecutor {
  const { device } = memory;
  const cache = createKernelCache(device, subgroups);
  const { numHeads: H, numKeyValueHeads: G, headDim: d, vocabSize: V } = config;
  const store = createWebgpuPageStore(
    memory,
    { layers: config.numLayers, groups: G, pageSize, headDim: d },
    cacheDtype,
  );
  const buffers = createPassBuffers(memory, config, maxRows);
  const tables = createPassTables(memory, buffers, store);
  const adapters = createDeviceAdapters(memory, config, maxRows, cache.subgroups, tensorBuffer);
  const widest = Math.max(...Object.values(rowWidths(config)));
  const rounded =
    rounds === undefined
      ? undefined
      : {
          to: rounds,
          q: memory.storage(maxRows * widest * roundedBytes[rounds], 'rounded rows'),
          d: memory.storage(maxRows * Math.ceil(widest / roundedBlock) * 4, 'steps of rounded rows'),
        };
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
    tuning,
    rounded,
  });
  const tensors = createParameterTensors(memory, cache, parameters);
  let logits: { buffer: GPUBuffer; rows: number } | undefined;
  let recordTime = 0;

  // Recorded passes hold bind groups, so they end when a buffer under them is replaced.
  const passes = new Map<string, readonly Dispatch[]>();
  let seen: unknown[] = [];
  let epoch = 0;
  const refresh = () => {
    const now = [
      store.version,
      parameters.version,
      tables.blocks,
      logits?.buffer,
      top.version,
      adapters.version,
    ];
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
  const cutOf = ({ rows, keys, prompts }: Pick<Shape, 'rows' | 'keys' | 'prompts'>): AttendCut => {
    const splits = splitsOf(rows * H, keys);
    return { splits, shared: prompts && splits === 1 };
  };
  const layersOf = (shape: Pick<Shape, 'rows' | 'keys' | 'prompts' | 'beside'>) => {
    const { rows, beside } = shape;
    const cut = cutOf(shape);
    return recorded([rows, cut.splits, cut.shared, ...idsOf(beside)].join(' '), () =>
      plan.layers(rows, cut, beside),
    );
  };
  const logitsFor = (rows: number): GPUBuffer => {
    if (logits === undefined || logits.rows < rows) {
      memory.free(logits?.buffer);
      logits = { buffer: memory.storage(rows * V * 4, 'logits'), rows };
    }
    return logits.buffer;
  };

  const staging = createStaging(device);
  const top = createTopFinder(memory, cache, V);
  const reader = createOutputReader(device, staging, top, V, () => (logits as { buffer: GPUBuffer }).buffer);

  /** A pass that has been recorded: it reads everything that changes from the tables, so it may be submitted whenever they say the same shape. */
  interface Recorded {
    readonly key: string;
    readonly epoch: number;
    readonly commands: GPUCommandBuffer;
    readonly back: GPUBuffer | undefined;
  }
  /** What decides how a pass is recorded. */
  interface Shape {
    readonly rows: number;
    readonly keys: number;
    /** Whether most rows stand beside others of their sequence. */
    readonly prompts: boolean;
    readonly output: PassOutput;
    readonly beside: readonly DeviceAdapter[];
  }
  let ahead: Recorded | undefined;
  let last: Shape | undefined;
  const keyOf = (shape: Shape) => {
    const { splits, shared } = cutOf(shape);
    return [shape.rows, splits, shared, outputKey(shape.output), ...idsOf(shape.beside)].join(' ');
  };
  const headOf = ({ rows, count }: PassOutput): readonly Dispatch[] => {
    if (rows === 0) return [];
    const target = logitsFor(rows);
    const head = recorded(`head ${rows}`, () => plan.head(rows, target));
    if (count === 0) return head;
    const find = recorded(`top ${rows} ${count}`, () =>
      top.dispatches(rows, count, target, buffers.headPass),
    );
    return [...head, ...find];
  };
  const record = (shape: Shape): Recorded => {
    const { output } = shape;
    const encoder = device.createCommandEncoder();
    const compute = encoder.beginComputePass();
    replay(compute, layersOf(shape));
    replay(compute, headOf(output));
    compute.end();
    const back = output.rows === 0 ? undefined : reader.copy(encoder, output);
    return { key: keyOf(shape), epoch, commands: encoder.finish(), back };
  };
  const takeAhead = (key: string): Recorded | undefined => {
    const found = ahead;
    ahead = undefined;
    if (found === undefined || (found.key === key && found.epoch === epoch)) return found;
    staging.give(found.back);
    return undefined;
  };

  /** Submits a pass, recorded now or during the last one; answers the staging buffer that will hold its output. */
  const submit = (
    part: readonly RowOf[],
    requests: readonly PassRequest[],
    lengths: readonly number[],
    wanted: readonly number[],
    output: PassOutput,
    own: readonly (DeviceAdapter | undefined)[],
  ) => {
    const start = performance.now();
    const keys = tables.write(part, requests, lengths);
    const beside = adapters.write(part, own);
    if (wanted.length > 0) {
      logitsFor(wanted.length);
      if (output.count > 0) top.prepare(wanted.length, output.count);
      device.queue.writeBuffer(buffers.picked, 0, Uint32Array.from(wanted));
      device.queue.writeBuffer(buffers.headPass, 0, Uint32Array.of(wanted.length, 0, 0, 0));
    }
    refresh();
    const sequences = new Set(part.map(({ request }) => request)).size;
    const prompts = part.length >= 4 * sequences;
    const shape = { rows: part.length, keys, prompts, output, beside };
    const key = keyOf(shape);
    const { commands, back } = takeAhead(key) ?? record(shape);
    device.queue.submit([commands]);
    recordTime = performance.now() - start;
    // A token after a token: the next pass will be the same, and the device is busy for as long as recording it takes.
    if (last !== undefined && key === keyOf(last)) ahead = record(shape);
    last = shape;
    return back;
  };

  const runAndRead = async (requests: readonly ReadPassRequest[]) => {
    const lengths = requests.map(({ ids, reservation }) => reservation.start + ids.length);
    const own = adapters.of(requests);
    const results = new Array<Float32Array | TopLogits | undefined>(requests.length);
    for (const part of cut(rowsOf(requests), maxRows)) {
      const wanted = part.flatMap((row, i) => (row.wanted ? [i] : []));
      const reads = wanted.map((row) => requests[part[row].request].read);
      const output = reader.outputOf(reads);
      const back = submit(part, requests, lengths, wanted, output, own);
      if (back === undefined) {
        await new Promise<void>((resolve) => setTimeout(resolve, 0));
        continue;
      }
      const answers = await reader.read(back, output, reads);
      wanted.forEach((row, i) => {
        results[part[row].request] = answers[i];
      });
    }
    // A GPU reports its errors late and leaves zeros behind: better no logits than wrong ones.
    checkBackend('webgpu');
    return results;
  };
  // A row that is read after all must still be that of its own pass.
  const inTurn = createTurns();
  const runInTurn = (requests: readonly ReadPassRequest[]) =>
    inTurn(async () => {
      adapters.begin();
      try {
        return await runAndRead(requests);
      } finally {
        adapters.end();
      }
    });

  const latest = (): { layers: readonly Dispatch[]; head: readonly Dispatch[] } =>
    last === undefined ? { layers: [], head: [] } : { layers: layersOf(last), head: headOf(last.output) };

  const executor: WebgpuExecutor = {
    name: 'webgpu',
    store,
    quantizesActivations: rounds !== undefined,
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
      layersOf({ rows, keys: 1, prompts: rows > 1, beside: [] }).length +
      headOf({ rows: wanted, count: 0, whole: [] }).length,
    run: (requests) =>
      runInTurn(requests.map((request) => ({ ...request, read: 'row' }))) as Promise<Float32Array[]>,
    runAndRead: runInTurn,
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
      if (last === undefined) throw new TypeError('timeRecording: expected a pass before it');
      const start = performance.now();
      const { back } = record({ ...last, keys: 1, beside: [] });
      const time = performance.now() - start;
      staging.give(back);
      return time;
    },
    async deviceTime(repeats = 20) {
      const { layers, head } = latest();
      const commands = (times: number) => {
        const encoder = device.createCommandEncoder();
        const compute = encoder.beginComputePass();
        for (let i = 0; i < times; i++) {
          replay(compute, layers);
          replay(compute, head);
        }
        compute.end();
        return encoder.finish();
      };
      const once = commands(1);
      const many = commands(repeats);
      device.queue.submit([once]);
      await device.queue.onSubmittedWorkDone();
      const start = performance.now();
      device.queue.submit([many]);
      await device.queue.onSubmittedWorkDone();
      return (performance.now() - start) / repeats;
    },
    profile: () => profilePass(device, latest().layers),
    dispose() {
      ahead?.back?.destroy();
      ahead = undefined;
      staging.dispose();
      store.dispose();
      memory.dispose();
      passes.clear();
      cache.forgetGroups();
    },
  };
  return executor;
}

const idsOf = (adapters: readonly DeviceAdapter[]): number[] => adapters.map(({ id }) => id);

/** Passes of at most `most` rows, each with at most `logitRows` rows whose logits are wanted. */
function cut(rows: readonly RowOf[], most: number): RowOf[][] {
  const parts: RowOf[][] = [];
  let wanted = 0;
  for (const row of rows) {
    const last = parts.at(-1);
    if (last === undefined || last.length === most || (row.wanted && wanted === logitRows)) {
      parts.push([row]);
      wanted = row.wanted ? 1 : 0;
    } else {
      last.push(row);
      if (row.wanted) wanted++;
    }
  }
  return parts;
}

/** Workgroups that share the keys of one head and row: enough to fill a GPU, each with a hundred keys at least. */
function splitsOf(pairs: number, keys: number): number {
  const wanted = Math.min(512 / pairs, keys / 128);
  return wanted >= 16 ? 16 : wanted >= 4 ? 4 : 1;
}
