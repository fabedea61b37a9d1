// The shared memory's allocator: blocks of 16-byte multiples, a free list by size for reuse and a bump pointer that grows the memory. It lives on the
// main thread only; a step's programs hold addresses, never sizes.
import { OutOfMemoryError } from '../errors.ts';

const pageBytes = 65536;
/** Below: the control block and the module's own data. */
export const heapBase = 16384;

/** Allocates and frees blocks of one WebAssembly.Memory. */
export class Heap {
  readonly memory: WebAssembly.Memory;
  readonly #maximumBytes: number;
  readonly #free = new Map<number, number[]>();
  readonly #sizes = new Map<number, number>();
  #top = heapBase;
  #live = 0;

  constructor(memory: WebAssembly.Memory, maximumPages: number) {
    this.memory = memory;
    this.#maximumBytes = maximumPages * pageBytes;
  }

  /** Bytes in live blocks. */
  get liveBytes(): number {
    return this.#live;
  }

  /** Bytes taken from the machine so far. */
  get reservedBytes(): number {
    return this.memory.buffer.byteLength;
  }

  /** Bytes that live blocks and new ones may take together. */
  get maximumBytes(): number {
    return this.#maximumBytes;
  }

  /** The address of a new block of at least `bytes` bytes, aligned to 16; its content is unspecified. */
  allocate(bytes: number): number {
    const size = sizeClass(bytes);
    const reused = this.#free.get(size)?.pop();
    if (reused !== undefined) return this.#take(reused, size);
    // Shapes that vary (rows of other lengths) leave free blocks of every size: where the memory ends, the next larger one serves.
    if (this.#top + size > this.#maximumBytes) {
      const larger = this.#smallestFreeAbove(size);
      if (larger !== undefined) return this.#take(this.#free.get(larger)!.pop()!, larger);
    }
    return this.#take(this.#extend(size), size);
  }

  #take(address: number, size: number): number {
    this.#sizes.set(address, size);
    this.#live += size;
    return address;
  }

  #smallestFreeAbove(size: number): number | undefined {
    let best: number | undefined;
    for (const [own, list] of this.#free)
      if (own > size && list.length > 0 && (best === undefined || own < best)) best = own;
    return best;
  }

  /** Gives a block back. */
  free(address: number): void {
    const size = this.#sizes.get(address);
    if (size === undefined)
      throw new RangeError(`heap: expected the address of a live block, got ${address}`);
    this.#sizes.delete(address);
    this.#live -= size;
    const list = this.#free.get(size);
    if (list === undefined) this.#free.set(size, [address]);
    else list.push(address);
  }

  #extend(size: number): number {
    const address = this.#top;
    const end = address + size;
    if (end > this.#maximumBytes) {
      throw new OutOfMemoryError(
        `backend "simd": expected at most ${this.#maximumBytes} bytes of WASM memory, needed ${end} (${this.#live} in use)`,
      );
    }
    const missing = end - this.memory.buffer.byteLength;
    if (missing > 0) {
      // Grow in strides: every growth makes a new ArrayBuffer object, and old views must be looked up again.
      const wanted = Math.max(
        missing,
        Math.min(64 << 20, this.#maximumBytes - this.memory.buffer.byteLength),
      );
      try {
        this.memory.grow(Math.ceil(wanted / pageBytes));
      } catch (error) {
        throw new OutOfMemoryError(
          `backend "simd": the machine refused ${wanted} more bytes of WASM memory`,
          { cause: error },
        );
      }
    }
    this.#top = end;
    return address;
  }
}

/** What a block takes: exact multiples of 64 up to 4 KiB, then eighths of a power of two: at most 12.5 % is lost, and freed blocks find takers. */
export function sizeClass(bytes: number): number {
  const atLeast = Math.max(bytes, 16);
  if (atLeast <= 4096) return Math.ceil(atLeast / 64) * 64;
  const step = 2 ** (Math.floor(Math.log2(atLeast)) - 3);
  return Math.ceil(atLeast / step) * step;
}
