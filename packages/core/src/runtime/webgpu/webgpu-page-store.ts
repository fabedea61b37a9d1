// Pages of keys and values on the device: for every layer a buffer of keys and one of values, float32 [slots][groups][pageSize][headDim]. A page has a slot while it is in
// use; the buffers grow by half when slots run out, so that memory follows use.
import type { PageShape, PageStore } from '../../kv-cache/page-store.ts';
import type { DeviceMemory } from './device-memory.ts';

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
export function createWebgpuPageStore(memory: DeviceMemory, shape: PageShape): WebgpuPageStore {
  const { layers, groups, pageSize, headDim } = shape;
  const { device } = memory;
  const half = groups * pageSize * headDim;
  const bytes = half * 4;
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
        return new Float32Array(staging.getMappedRange().slice(0));
      } finally {
        staging.destroy();
      }
    },
    write(page, given) {
      if (given.length !== layers * 2 * half)
        throw new RangeError(`page: expected ${layers * 2 * half} values, got ${given.length}`);
      ensure([page]);
      const at = place(page) * bytes;
      const source = Float32Array.from(given);
      buffers.forEach(({ keys, values }, layer) => {
        device.queue.writeBuffer(keys, at, source, layer * 2 * half, half);
        device.queue.writeBuffer(values, at, source, (layer * 2 + 1) * half, half);
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
