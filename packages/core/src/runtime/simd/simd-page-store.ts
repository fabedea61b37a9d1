// Pages of keys and values in the SIMD machine's memory as pages.as.ts lays them out: float32, float16, or int8 with a scale a token. Taken when first used and
// kept for reuse.
import type { Heap } from '../../backends/simd/heap.ts';
import type { CacheDtype, PageShape, PageStore } from '../../kv-cache/page-store.ts';
import { halfTable, toHalfBits } from '../../weights/quantization/half.ts';

/** A page store that knows its pages' addresses. */
export interface SimdPageStore extends PageStore {
  address(page: number): number;
  /** Bytes from a page's start to a layer's keys. */
  layerOffset(layer: number): number;
  /** The kernels' number of the type. */
  readonly kind: number;
}

const kinds: Readonly<Record<CacheDtype, number>> = { float32: 0, float16: 1, int8: 2 };

/** Bytes of all layers of a page. */
export function simdPageBytes({ layers, groups, pageSize, headDim }: PageShape, dtype: CacheDtype): number {
  const padded = Math.ceil(headDim / 4) * 4;
  const token = dtype === 'float32' ? padded * 4 : dtype === 'float16' ? padded * 2 : padded + 4;
  return layers * 2 * groups * pageSize * token;
}

/** A store over the machine's heap. */
export function createSimdPageStore(heap: Heap, shape: PageShape, dtype: CacheDtype): SimdPageStore {
  const { layers, groups, pageSize, headDim } = shape;
  const padded = Math.ceil(headDim / 4) * 4;
  const width = dtype === 'float32' ? 4 : dtype === 'float16' ? 2 : 1;
  const bytes = simdPageBytes(shape, dtype);
  const layerBytes = bytes / layers;
  const sides = 2 * groups; // keys of each group, then values
  const half = halfTable();
  const addresses = new Map<number, number>();
  const spare: number[] = [];
  const address = (page: number): number => {
    let found = addresses.get(page);
    if (found === undefined) {
      found = spare.pop() ?? heap.allocate(bytes);
      addresses.set(page, found);
    }
    return found;
  };
  /** Calls with the place of each run of a page's tokens, those of one layer and side: of its values, and of its scales. */
  const eachRun = (page: number, use: (values: number, scales: number, run: number) => void) => {
    const start = address(page);
    for (let layer = 0; layer < layers; layer++) {
      const at = start + layer * layerBytes;
      for (let side = 0; side < sides; side++) {
        const values = at + side * pageSize * padded * width;
        const scales = at + sides * pageSize * padded * width + side * pageSize * 4;
        use(values, scales, layer * sides + side);
      }
    }
  };
  return {
    shape,
    dtype,
    kind: kinds[dtype],
    address,
    layerOffset: (layer) => layer * layerBytes,
    copy(from, to, tokens) {
      const offset = address(to) - address(from);
      const all = new Uint8Array(heap.memory.buffer);
      eachRun(from, (values, scales) => {
        all.copyWithin(values + offset, values, values + tokens * padded * width);
        if (dtype === 'int8') all.copyWithin(scales + offset, scales, scales + tokens * 4);
      });
    },
    clear(page) {
      const found = addresses.get(page);
      if (found === undefined) return;
      addresses.delete(page);
      spare.push(found);
    },
    async read(page) {
      const out = new Float32Array(layers * sides * pageSize * headDim);
      eachRun(page, (values, scales, run) => {
        const { buffer } = heap.memory;
        const floats = dtype === 'float32' ? new Float32Array(buffer, values, pageSize * padded) : undefined;
        const halves = dtype === 'float16' ? new Uint16Array(buffer, values, pageSize * padded) : undefined;
        const bytes = dtype === 'int8' ? new Int8Array(buffer, values, pageSize * padded) : undefined;
        const factors = bytes && new Float32Array(buffer, scales, pageSize);
        for (let t = 0; t < pageSize; t++) {
          const to = (run * pageSize + t) * headDim;
          for (let i = 0; i < headDim; i++) {
            const at = t * padded + i;
            out[to + i] =
              floats?.[at] ?? (halves ? half[halves[at]] : (bytes?.[at] ?? 0) * (factors?.[t] ?? 0));
          }
        }
      });
      return out;
    },
    write(page, given) {
      const expected = layers * sides * pageSize * headDim;
      if (given.length !== expected)
        throw new RangeError(`page: expected ${expected} values, got ${given.length}`);
      eachRun(page, (values, scales, run) => {
        const { buffer } = heap.memory;
        for (let t = 0; t < pageSize; t++) {
          const row = given.subarray((run * pageSize + t) * headDim, (run * pageSize + t + 1) * headDim);
          const at = values + t * padded * width;
          if (dtype === 'float32') new Float32Array(buffer, at, padded).fill(0).set(row);
          else if (dtype === 'float16') {
            const to = new Uint16Array(buffer, at, padded).fill(0);
            for (let i = 0; i < headDim; i++) to[i] = toHalfBits(Math.max(-65504, Math.min(65504, row[i])));
          } else {
            const top = row.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
            new Float32Array(buffer, scales + t * 4, 1)[0] = top / 127;
            const to = new Int8Array(buffer, at, padded).fill(0);
            if (top > 0) for (let i = 0; i < headDim; i++) to[i] = Math.round((row[i] * 127) / top);
          }
        }
      });
    },
    dispose() {
      for (const found of [...addresses.values(), ...spare]) heap.free(found);
      addresses.clear();
      spare.length = 0;
    },
  };
}
