// A tfjs backend over the SIMD machine: tensors of tfjs's CPU backend whose values may lie in the shared WASM memory. A hot kernel moves its inputs there
// on first use and leaves its output there; every other kernel is the CPU backend's own, which sees the same bytes as a typed array. So
// nothing is copied twice, and whatever this backend does not speed up still works.

import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import type { DataId, TensorInfo } from '@tensorflow/tfjs-core';
import type { Machine } from './machine.ts';
import { instruction, type Opcode } from './program.ts';

type Values = Float32Array | Int32Array | Uint8Array;
interface Entry {
  values: Values;
  pointer?: number;
}

/** Scratch of the gemm instruction, bytes a thread: one block of A (128 x 512) and one panel of B (512 x 8), gemm.as.ts. */
export const gemmScratchBytes = 128 * 512 * 4 + 512 * 8 * 4;

/** The backend's state: the machine, and where each tensor lies. */
export class SimdBackend extends MathBackendCPU {
  readonly machine: Machine;
  readonly #scratch: number;

  constructor(machine: Machine) {
    super();
    this.machine = machine;
    this.#scratch = machine.heap.allocate(gemmScratchBytes * machine.threads);
    (this as unknown as { firstUse: boolean }).firstUse = false; // no advertisement for tfjs-node
  }

  /** [scratch address, bytes a thread] of the gemm instruction. */
  get gemmScratch(): readonly [number, number] {
    return [this.#scratch, gemmScratchBytes];
  }

  /** The address of a float32 tensor's values; they move into the shared memory on first use. */
  locate(info: TensorInfo): number {
    const entry = this.#entry(info.dataId);
    if (entry.pointer !== undefined) return entry.pointer;
    // Four bytes a value whatever they lie in: a bool cast to float32 shares its tensor's bytes.
    const pointer = this.machine.heap.allocate(4 * entry.values.length);
    const view = new Float32Array(this.machine.heap.memory.buffer, pointer, entry.values.length);
    view.set(entry.values);
    entry.values = view;
    entry.pointer = pointer;
    return pointer;
  }

  /** The values as they lie, without a copy. */
  view(info: TensorInfo): Values {
    return this.#entry(info.dataId).values;
  }

  /** A new float32 tensor in the shared memory, its content unspecified. */
  output(shape: readonly number[]): { info: TensorInfo; pointer: number; values: Float32Array } {
    const size = shape.reduce((a, b) => a * b, 1);
    const pointer = this.machine.heap.allocate(size * 4);
    const values = new Float32Array(this.machine.heap.memory.buffer, pointer, size);
    const info = this.makeTensorInfo([...shape], 'float32', values);
    this.#entry(info.dataId).pointer = pointer;
    return { info, pointer, values };
  }

  /** Runs one instruction, on all threads when there is enough work for them. */
  execute(name: Opcode, args: readonly number[], parallel: boolean): void {
    this.machine.run(instruction(name, args), parallel ? this.machine.threads : 1);
  }

  /** Detaches a tensor that a CPU kernel made as a view of another tensor's memory, which may be freed before it. */
  own(info: TensorInfo): void {
    const entry = this.#entry(info.dataId);
    if (entry.pointer !== undefined || !(entry.values?.buffer instanceof SharedArrayBuffer)) return;
    entry.values = entry.values.slice();
  }

  override readSync(dataId: DataId): ReturnType<MathBackendCPU['readSync']> {
    const values = super.readSync(dataId);
    // A copy: the caller may keep the values after the tensor is disposed, when its memory has another owner.
    return this.#entry(dataId).pointer === undefined ? values : (values as Float32Array).slice();
  }

  override async read(dataId: DataId): ReturnType<MathBackendCPU['read']> {
    return this.readSync(dataId);
  }

  override disposeData(dataId: DataId, force = false): boolean {
    const pointer = this.data.has(dataId) ? this.#entry(dataId).pointer : undefined;
    const disposed = super.disposeData(dataId, force);
    if (disposed && pointer !== undefined && !this.data.has(dataId)) this.machine.heap.free(pointer);
    return disposed;
  }

  override dispose(): void {
    this.machine.dispose();
  }

  #entry(dataId: DataId): Entry {
    return this.data.get(dataId) as unknown as Entry;
  }
}
