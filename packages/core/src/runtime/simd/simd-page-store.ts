// Pages of keys and values in the SIMD machine's memory: float32 [layers][2][groups][pageSize][headDim] each, taken when first used and kept for reuse.
import type { Heap } from '../../backends/simd/heap.ts';
import type { PageShape, PageStore } from '../../kv-cache/page-store.ts';

/** A page store that knows its pages' addresses. */
export interface SimdPageStore extends PageStore {
  address(page: number): number;
  /** Bytes from a page's start to a layer's keys. */
  layerOffset(layer: number): number;
}

/** A store over the machine's heap. */
export function createSimdPageStore(heap: Heap, shape: PageShape): SimdPageStore {
  const { layers, groups, pageSize, headDim } = shape;
  const half = groups * pageSize * headDim;
  const floats = layers * 2 * half;
  const addresses = new Map<number, number>();
  const spare: number[] = [];
  const address = (page: number): number => {
    let found = addresses.get(page);
    if (found === undefined) {
      found = spare.pop() ?? heap.allocate(floats * 4);
      addresses.set(page, found);
    }
    return found;
  };
  const values = (page: number) => new Float32Array(heap.memory.buffer, address(page), floats);
  return {
    shape,
    address,
    layerOffset: (layer) => layer * 2 * half * 4,
    copy(from, to, tokens) {
      const [source, target] = [values(from), values(to)];
      for (let row = 0; row < layers * 2 * groups; row++) {
        const at = row * pageSize * headDim;
        target.set(source.subarray(at, at + tokens * headDim), at);
      }
    },
    clear(page) {
      const found = addresses.get(page);
      if (found === undefined) return;
      addresses.delete(page);
      spare.push(found);
    },
    async read(page) {
      return values(page).slice();
    },
    write(page, given) {
      if (given.length !== floats)
        throw new RangeError(`page: expected ${floats} values, got ${given.length}`);
      values(page).set(given);
    },
    dispose() {
      for (const found of [...addresses.values(), ...spare]) heap.free(found);
      addresses.clear();
      spare.length = 0;
    },
  };
}
