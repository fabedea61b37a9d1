// Buffers of one executor, counted and freed together.

/** Hands out storage buffers and remembers them. */
export interface DeviceMemory {
  readonly device: GPUDevice;
  /** Bytes in buffers that are alive. */
  readonly bytes: number;
  /** A storage buffer of at least `bytes` bytes that can be copied from and to, filled with zeros. */
  storage(bytes: number, label: string): GPUBuffer;
  uniform(bytes: number, label: string): GPUBuffer;
  free(buffer: GPUBuffer | undefined): void;
  dispose(): void;
}

/** The memory of one executor on `device`. */
export function createDeviceMemory(device: GPUDevice): DeviceMemory {
  const live = new Set<GPUBuffer>();
  let bytes = 0;
  const make = (size: number, usage: number, label: string): GPUBuffer => {
    const rounded = Math.max(16, Math.ceil(size / 16) * 16);
    if (rounded > device.limits.maxBufferSize) {
      throw new RangeError(
        `${label}: expected at most ${device.limits.maxBufferSize} bytes a buffer on this device, got ${rounded}`,
      );
    }
    const buffer = device.createBuffer({ size: rounded, usage, label });
    live.add(buffer);
    bytes += rounded;
    return buffer;
  };
  return {
    device,
    get bytes() {
      return bytes;
    },
    storage: (size, label) =>
      make(size, GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC, label),
    uniform: (size, label) => make(size, GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST, label),
    free(buffer) {
      if (buffer === undefined || !live.delete(buffer)) return;
      bytes -= buffer.size;
      buffer.destroy();
    },
    dispose() {
      for (const buffer of live) buffer.destroy();
      live.clear();
      bytes = 0;
    },
  };
}
