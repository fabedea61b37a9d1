import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OutOfMemoryError } from '../errors.ts';
import { Heap } from './heap.ts';

const pages = 4;
const fresh = () => new Heap(new WebAssembly.Memory({ initial: 1, maximum: pages, shared: true }), pages);

describe('Heap', () => {
  it('live blocks never overlap, are aligned to 16 and lie inside the memory', () =>
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 9000 }), fc.boolean()), { maxLength: 60 }),
        (steps) => {
          const heap = fresh();
          const live: { at: number; size: number }[] = [];
          for (const [size, free] of steps) {
            if (free && live.length > 0) heap.free((live.shift() as { at: number }).at);
            try {
              const at = heap.allocate(size);
              expect(at % 16).toBe(0);
              expect(at + size).toBeLessThanOrEqual(heap.memory.buffer.byteLength);
              for (const other of live)
                expect(at + size <= other.at || other.at + other.size <= at).toBe(true);
              live.push({ at, size });
            } catch (error) {
              expect(error).toBeInstanceOf(OutOfMemoryError);
            }
          }
          for (const { at } of live) heap.free(at);
          expect(heap.liveBytes).toBe(0);
        },
      ),
    ));

  it('a freed block serves the next request of its size', () => {
    const heap = fresh();
    const first = heap.allocate(1000);
    heap.free(first);
    expect(heap.allocate(1000)).toBe(first);
  });

  it('where the memory has ended, a larger freed block serves', () => {
    const heap = fresh();
    const large = heap.allocate(200_000);
    heap.free(large);
    expect(heap.allocate(100_000)).toBe(large);
    heap.free(large);
    expect(heap.allocate(200_000)).toBe(large);
    expect(() => heap.allocate(100_000)).toThrow(OutOfMemoryError);
  });

  it('more than the maximum is an OutOfMemoryError that names need and room, and nothing is lost', () => {
    const heap = fresh();
    expect(() => heap.allocate(1 << 20)).toThrow(/expected at most 262144 bytes of WASM memory, needed/);
    expect(heap.liveBytes).toBe(0);
    expect(heap.allocate(64)).toBeGreaterThan(0);
  });

  it('freeing what is not live is refused', () => {
    expect(() => fresh().free(4096)).toThrow('heap: expected the address of a live block, got 4096');
  });
});
