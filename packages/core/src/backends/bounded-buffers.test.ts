import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type BufferManagerLike, boundBuffers } from './bounded-buffers.ts';

/** tfjs's BufferManager in short: free lists by size, which only ever grow. */
function manager() {
  let made = 0;
  const self = {
    freeBuffers: new Map<string, GPUBuffer[]>(),
    numFreeBuffers: 0,
    numBytesAllocated: 0,
    acquireBuffer(size: number, usage: number): GPUBuffer {
      const found = self.freeBuffers.get(`${size}_${usage}`)?.pop();
      if (found !== undefined) {
        self.numFreeBuffers--;
        return found;
      }
      made++;
      self.numBytesAllocated += size;
      const buffer = { size, usage, destroyed: false, destroy: () => void made-- };
      return buffer as unknown as GPUBuffer;
    },
    release(buffer: GPUBuffer): void {
      const key = `${buffer.size}_${buffer.usage}`;
      self.freeBuffers.set(key, [...(self.freeBuffers.get(key) ?? []), buffer]);
      self.numFreeBuffers++;
    },
    alive: () => made,
  };
  return self;
}

it('never more buffers are alive than are in use, wait, and were just asked for; the books stay right', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 300 }), (sizes) => {
      const pool = manager();
      boundBuffers(pool as BufferManagerLike, 10);
      for (const size of sizes) pool.release(pool.acquireBuffer(size, 1));
      expect(pool.numFreeBuffers).toBeLessThanOrEqual(11);
      expect(pool.alive()).toBe(pool.numFreeBuffers);
      const waiting = [...pool.freeBuffers.values()].flat();
      expect(pool.numBytesAllocated).toBe(waiting.reduce((sum, { size }) => sum + size, 0));
    }),
  );
});

it('a buffer of the size that is asked for is taken from those that wait, however many they are', () => {
  const pool = manager();
  boundBuffers(pool as BufferManagerLike, 2);
  const held = Array.from({ length: 9 }, () => pool.acquireBuffer(8, 1));
  for (const buffer of held) pool.release(buffer);
  expect(held).toContain(pool.acquireBuffer(8, 1));
  expect(pool.numFreeBuffers).toBe(8);
});
