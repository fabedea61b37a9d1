// Pages of keys and values on the device: for every layer a buffer of keys and one of values, [slots][groups][pageSize] tokens as kernels/page-access.ts lays them out. A page has a slot while it is in
// use; the buffers grow by half when slots run out, so that memory follows use.
import type { CacheDtype, PageShape, PageStore } from '../../kv-cache/page-store.ts';
import { halfTable, toHalfBits } from '../../weights/quantization/half.ts';
import type { DeviceMemory } from './device-memory.ts';
import { sideBytes, tokenWords } from './kernels/page-access.ts';

/** A page store that knows where its pages lie. */
export interface WebgpuPageStore extends PageStore {
  /** Grows when the buffers are replaced by larger ones. */
  readonly version: number;
  /** Gives each of `pages` a slot. */
  ensure(pages: Iterable<number>): void;
  slot(page: number): number;
  keys(layer: number): GPUBuffer;
  values(layer: number): GPUBuffer;
}

/** A store in `memory`; `read` needs the bytes of a page back, so it flushes the queue. */
export function createWebgpuPageStore(
  memory: DeviceMemory,
  shape: PageShape,
  dtype: CacheDtype = 'float32',
): WebgpuPageStore {
  const { layers, groups, pageSize, headDim } = shape;
  const { device } = memory;
  const half = groups * pageSize * headDim;
  const bytes = sideBytes(shape, dtype);
  const words = tokenWords(headDim, dtype);
  const most = Math.floor(
    Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize) / bytes,
  );
  const slots = new Map<number, number>();
  const spare: number[] = [];
  let used = 0;
  let room = 0;
  let version = 0;
  let buffers: { keys: GPUBuffer; values: GPUBuffer }[] = [];

  const grow = (needed: number) => {
    if (needed > most) {
      throw new RangeError(
        `cache: expected at most ${most} pages of ${pageSize} tokens on this device, got ${needed}; lower cacheTokens or the number of sequences`,
      );
    }
    const next = Math.min(most, Math.max(needed, 8, Math.ceil(room * 1.5)));
    const encoder = device.createCommandEncoder();
    const old = buffers;
    buffers = Array.from({ length: layers }, (_, layer) => {
      const keys = memory.storage(next * bytes, `keys ${layer}`);
      const values = memory.storage(next * bytes, `values ${layer}`);
      if (room > 0) {
        encoder.copyBufferToBuffer(old[layer].keys, 0, keys, 0, room * bytes);
        encoder.copyBufferToBuffer(old[layer].values, 0, values, 0, room * bytes);
      }
      return { keys, values };
    });
    device.queue.submit([encoder.finish()]);
    for (const { keys, values } of old) {
      memory.free(keys);
      memory.free(values);
    }
    room = next;
    version++;
  };
  const place = (page: number): number => {
    let found = slots.get(page);
    if (found === undefined) {
      found = spare.pop() ?? used++;
      slots.set(page, found);
    }
    return found;
  };
  const ensure = (pages: Iterable<number>): void => {
    for (const page of pages) place(page);
    if (used > room) grow(used);
  };

  return {
    shape,
    dtype,
    get version() {
      return version;
    },
    ensure,
    slot(page) {
      const found = slots.get(page);
      if (found === undefined) throw new RangeError(`page: expected one in use, got ${page}`);
      return found;
    },
    keys: (layer) => buffers[layer].keys,
    values: (layer) => buffers[layer].values,
    copy(from, to) {
      ensure([from, to]);
      const [source, target] = [place(from), place(to)];
      const encoder = device.createCommandEncoder();
      // A copy within one buffer is not allowed: by way of a small one.
      const between = memory.storage(bytes, 'page copy');
      for (const { keys, values } of buffers) {
        for (const buffer of [keys, values]) {
          encoder.copyBufferToBuffer(buffer, source * bytes, between, 0, bytes);
          encoder.copyBufferToBuffer(between, 0, buffer, target * bytes, bytes);
        }
      }
      device.queue.submit([encoder.finish()]);
      memory.free(between);
    },
    clear(page) {
      const found = slots.get(page);
      if (found === undefined) return;
      slots.delete(page);
      spare.push(found);
    },
    async read(page) {
      ensure([page]);
      const at = place(page) * bytes;
      const staging = device.createBuffer({
        size: layers * 2 * bytes,
        usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
        label: 'page read',
      });
      try {
        const encoder = device.createCommandEncoder();
        buffers.forEach(({ keys, values }, layer) => {
          encoder.copyBufferToBuffer(keys, at, staging, layer * 2 * bytes, bytes);
          encoder.copyBufferToBuffer(values, at, staging, (layer * 2 + 1) * bytes, bytes);
        });
        device.queue.submit([encoder.finish()]);
        await staging.mapAsync(GPUMapMode.READ);
        return unpackTokens(new Uint32Array(staging.getMappedRange().slice(0)), words, headDim, dtype);
      } finally {
        staging.destroy();
      }
    },
    write(page, given) {
      if (given.length !== layers * 2 * half)
        throw new RangeError(`page: expected ${layers * 2 * half} values, got ${given.length}`);
      ensure([page]);
      const at = place(page) * bytes;
      const source = packTokens(given, words, headDim, dtype);
      buffers.forEach(({ keys, values }, layer) => {
        device.queue.writeBuffer(keys, at, source, (layer * 2 * bytes) / 4, bytes / 4);
        device.queue.writeBuffer(values, at, source, ((layer * 2 + 1) * bytes) / 4, bytes / 4);
      });
    },
    dispose() {
      for (const { keys, values } of buffers) {
        memory.free(keys);
        memory.free(values);
      }
      buffers = [];
      slots.clear();
      room = 0;
    },
  };
}

/** Tokens of `words` words each as float32, `headDim` of each. */
function unpackTokens(all: Uint32Array, words: number, headDim: number, dtype: CacheDtype): Float32Array {
  const tokens = all.length / words;
  const out = new Float32Array(tokens * headDim);
  const table = dtype === 'float16' ? halfTable() : undefined;
  for (let t = 0; t < tokens; t++) {
    const at = all.byteOffset + t * words * 4;
    const to = out.subarray(t * headDim, (t + 1) * headDim);
    if (dtype === 'float32') to.set(new Float32Array(all.buffer, at, headDim));
    else if (table !== undefined) {
      const halves = new Uint16Array(all.buffer, at, headDim);
      for (let i = 0; i < headDim; i++) to[i] = table[halves[i]];
    } else {
      const [scale] = new Float32Array(all.buffer, at, 1);
      const integers = new Int8Array(all.buffer, at + 4, headDim);
      for (let i = 0; i < headDim; i++) to[i] = integers[i] * scale;
    }
  }
  return out;
}

/** The other way; what lies behind a head's values is zero. */
function packTokens(
  given: Float32Array,
  words: number,
  headDim: number,
  dtype: CacheDtype,
): Uint32Array<ArrayBuffer> {
  const tokens = given.length / headDim;
  const all = new Uint32Array(tokens * words);
  for (let t = 0; t < tokens; t++) {
    const at = t * words * 4;
    const row = given.subarray(t * headDim, (t + 1) * headDim);
    if (dtype === 'float32') new Float32Array(all.buffer, at, headDim).set(row);
    else if (dtype === 'float16') {
      const halves = new Uint16Array(all.buffer, at, headDim);
      for (let i = 0; i < headDim; i++) halves[i] = toHalfBits(Math.max(-65504, Math.min(65504, row[i])));
    } else {
      const top = row.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
      new Float32Array(all.buffer, at, 1)[0] = top / 127;
      const integers = new Int8Array(all.buffer, at + 4, headDim);
      if (top > 0) for (let i = 0; i < headDim; i++) integers[i] = Math.round((row[i] * 127) / top);
    }
  }
  return all;
}
