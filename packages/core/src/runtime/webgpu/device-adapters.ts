// Adapters on the device: copies of their tensors, which rows of a pass have which, and the dispatches that add their terms.
import type { ModelConfig } from '../../models/model-config.ts';
import { type Adapter, loraScale } from '../../train/lora/lora.ts';
import { type AdapterCache, createAdapterCache } from '../adapter-cache.ts';
import type { PassRequest } from '../step-executor.ts';
import type { DeviceMemory } from './device-memory.ts';
import type { Emitter, Input, LinearTarget } from './dispatch-emitter.ts';
import { lowRankDownKernel, lowRankUpKernel } from './kernels/low-rank.ts';
import { type RowBuffer, strideOf } from './pass-buffers.ts';
import type { RowOf } from './pass-tables.ts';

interface DeviceTerm {
  readonly inputs: number;
  readonly outputs: number;
  readonly rank: number;
  /** [in, r] and [r, out], as the tensors are. */
  readonly a: GPUBuffer;
  readonly b: GPUBuffer;
}

/** A copy of an adapter on the device. */
export interface DeviceAdapter {
  /** Of this copy alone; never 0, which stands for none. */
  readonly id: number;
  readonly scale: number;
  readonly rank: number;
  /** A buffer with the id, for kernels to compare with a row's slot. */
  readonly mark: GPUBuffer;
  readonly terms: ReadonlyMap<string, DeviceTerm>;
}

/** The adapters of one executor. */
export interface DeviceAdapters extends Pick<AdapterCache<DeviceAdapter>, 'begin' | 'end' | 'forget'> {
  /** Changes when buffers are freed that recorded passes may be bound to. */
  readonly version: number;
  /** The copies of the requests' adapters. */
  of(requests: readonly PassRequest[]): readonly (DeviceAdapter | undefined)[];
  /** Writes which rows of a pass have which adapter; answers the distinct ones. */
  write(part: readonly RowOf[], own: readonly (DeviceAdapter | undefined)[]): readonly DeviceAdapter[];
  /** Whether one of them has a term beside one of these layers. */
  touch(adapters: readonly DeviceAdapter[], names: readonly string[]): boolean;
  /** Adds their terms beside the linear layer `name` of `from` to where its product went. */
  beside(
    e: Emitter,
    adapters: readonly DeviceAdapter[],
    rows: number,
    from: Input,
    name: string,
    target: LinearTarget,
  ): void;
  /** Rows of gate and up beside each other. */
  both(width: number): RowBuffer;
}

let copies = 1;

/** Adapters in `memory`, for passes of at most `maxRows` rows; `bufferOf` answers a tensor's buffer. */
export function createDeviceAdapters(
  memory: DeviceMemory,
  config: ModelConfig,
  maxRows: number,
  subgroups: boolean,
  bufferOf: (tensor: AdapterTensor) => GPUBuffer,
): DeviceAdapters {
  const { device } = memory;
  let version = 0;
  let slots: GPUBuffer | undefined;
  let low: GPUBuffer | undefined;
  let both: RowBuffer | undefined;
  const copyOf = (tensor: AdapterTensor, name: string): GPUBuffer => {
    const source = bufferOf(tensor);
    const own = memory.storage(tensor.size * 4, name);
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(source, 0, own, 0, tensor.size * 4);
    device.queue.submit([encoder.finish()]);
    return own;
  };
  const pack = ({ tensors, lora }: Adapter): DeviceAdapter => {
    const expert = lora.targets.find((name) => /\.experts\.\d+\./.test(name));
    if (expert !== undefined)
      throw new TypeError(
        `adapter of ${expert}: expected no term beside an expert's weights on webgpu: load with executor 'composite' or merge the adapter`,
      );
    const terms = new Map<string, DeviceTerm>();
    for (const name of lora.targets) {
      const [a, b] = ['loraA', 'loraB'].map((part) => {
        const tensor = tensors.get(`${name}.${part}`);
        if (tensor === undefined) throw new RangeError(`adapter: expected ${name}.${part}, got none`);
        return tensor;
      });
      terms.set(name, {
        inputs: a.shape[0] as number,
        outputs: b.shape[1] as number,
        rank: a.shape[1] as number,
        a: copyOf(a, `${name}.loraA`),
        b: copyOf(b, `${name}.loraB`),
      });
    }
    const id = copies++;
    const mark = memory.storage(16, 'adapter');
    device.queue.writeBuffer(mark, 0, Uint32Array.of(id));
    const rank = Math.max(...[...terms.values()].map((term) => term.rank));
    return { id, scale: loraScale(lora), rank, mark, terms };
  };
  const cache = createAdapterCache<DeviceAdapter>(pack, ({ mark, terms }) => {
    version++;
    memory.free(mark);
    for (const { a, b } of terms.values()) for (const buffer of [a, b]) memory.free(buffer);
  });
  const grown = (old: GPUBuffer | undefined, bytes: number, label: string): GPUBuffer => {
    if (old !== undefined && old.size >= bytes) return old;
    if (old !== undefined) version++;
    memory.free(old);
    return memory.storage(bytes, label);
  };
  return {
    begin: cache.begin,
    end: cache.end,
    forget: cache.forget,
    get version() {
      return version;
    },
    of: (requests) => requests.map(({ adapter }) => adapter && cache.get(adapter)),
    write(part, own) {
      const adapters = [...new Set(part.flatMap(({ request }) => own[request] ?? []))];
      if (adapters.length === 0) return [];
      slots = grown(slots, maxRows * 4, 'adapter slots');
      low = grown(low, maxRows * Math.max(...adapters.map(({ rank }) => rank)) * 4, 'adapter rows');
      device.queue.writeBuffer(
        slots,
        0,
        Uint32Array.from(part, ({ request }) => own[request]?.id ?? 0),
      );
      return adapters;
    },
    touch: (adapters, names) =>
      adapters.some(({ terms }) => names.some((name) => terms.has(`${name}.weight`))),
    beside(e, adapters, rows, from, name, { out, offset = 0, add = false, scale = 1 }) {
      for (const { terms, mark, scale: own } of adapters) {
        const term = terms.get(`${name}.weight`);
        if (term === undefined || slots === undefined || low === undefined) continue;
        const { inputs, outputs, rank, a, b } = term;
        e.emit(
          lowRankDownKernel(inputs, rank, from.stride, subgroups),
          [from.buffer, a, slots, mark, low],
          [rank, rows],
        );
        const target = { outputs, rank, outStride: out.stride, outOffset: offset };
        e.emit(
          lowRankUpKernel({ ...target, factor: add ? own * scale : own }),
          [low, b, slots, mark, out.buffer],
          [Math.ceil(outputs / 64), rows],
        );
      }
    },
    both(width) {
      const stride = strideOf(2 * width);
      both ??= {
        buffer: memory.storage(maxRows * strideOf(2 * config.intermediateSize) * 4, 'gate and up'),
        stride,
      };
      return { ...both, stride };
    },
  };
}

type AdapterTensor = NonNullable<ReturnType<Adapter['tensors']['get']>>;
