// tfjs's WebGPU backend keeps every freed buffer for the next one of exactly its size, for ever. Batches of many lengths have many sizes, and a driver has a limit on the number of its
// allocations long before its memory is full (4096 on NVIDIA; a buffer of some megabytes is one of its own). So: when a size is wanted that is not there and more buffers than
// `most` wait, those that wait are given back.

/** The part of tfjs's BufferManager that this needs. */
export interface BufferManagerLike {
  acquireBuffer(size: number, usage: number, mappedAtCreation?: boolean, reuse?: boolean): GPUBuffer;
  readonly freeBuffers: Map<string, GPUBuffer[]>;
  numFreeBuffers: number;
  numBytesAllocated: number;
}

/** Buffers that may wait for reuse: with those in use well under the 4096 allocations that NVIDIA's driver grants. */
export const mostWaitingBuffers = 2000;

/** Makes `manager` give back the buffers that wait whenever it would make a new one while more than `most` do. */
export function boundBuffers(manager: BufferManagerLike, most = mostWaitingBuffers): void {
  const acquire = manager.acquireBuffer.bind(manager);
  manager.acquireBuffer = (size, usage, mappedAtCreation, reuse = true) => {
    const waiting = manager.freeBuffers.get(`${size}_${usage}`)?.length ?? 0;
    if ((!reuse || waiting === 0) && manager.numFreeBuffers > most) giveBack(manager);
    return acquire(size, usage, mappedAtCreation, reuse);
  };
}

function giveBack(manager: BufferManagerLike): void {
  for (const list of manager.freeBuffers.values()) {
    for (const buffer of list) {
      manager.numBytesAllocated -= buffer.size;
      buffer.destroy();
    }
    list.length = 0;
  }
  manager.numFreeBuffers = 0;
}
