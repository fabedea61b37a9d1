// Buffers that results are read back through, kept for the next pass.

/** A few of them. */
export interface Staging {
  take(bytes: number): GPUBuffer;
  give(buffer: GPUBuffer | undefined): void;
  dispose(): void;
}

/** Staging buffers of `device`. */
export function createStaging(device: GPUDevice): Staging {
  const waiting: GPUBuffer[] = [];
  return {
    take(bytes) {
      const fits = waiting.findIndex(({ size }) => size >= bytes);
      if (fits >= 0) return waiting.splice(fits, 1)[0];
      return device.createBuffer({
        size: bytes,
        usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
        label: 'staging',
      });
    },
    give(buffer) {
      if (buffer === undefined) return;
      waiting.push(buffer);
      if (waiting.length > 4) waiting.shift()?.destroy();
    },
    dispose() {
      for (const buffer of waiting) buffer.destroy();
      waiting.length = 0;
    },
  };
}
