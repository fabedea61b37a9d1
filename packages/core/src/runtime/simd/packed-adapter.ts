// An adapter as the SIMD machine multiplies with it: A and B turned to rows of inputs, B scaled, both float32.
import type { Heap } from '../../backends/simd/heap.ts';
import { type Adapter, loraScale } from '../../train/lora/lora.ts';
import type { PackedMatrix } from './packed-layout.ts';

/** x -> up (down x), the term beside one linear weight. */
export interface PackedTerm {
  /** [r, in] */
  readonly down: PackedMatrix;
  /** [out, r], with the adapter's scale in it */
  readonly up: PackedMatrix;
}

/** A packed adapter. `id` is of this copy alone: programs that hold its addresses are known by it. */
export interface PackedAdapter {
  readonly id: number;
  readonly rank: number;
  /** The widest output of its terms. */
  readonly width: number;
  readonly terms: ReadonlyMap<string, PackedTerm>;
}

let copies = 0;

/** Copies an adapter into the heap. Its tensors lie on a backend that gives their values at once. */
export function packAdapter(heap: Heap, { tensors, lora }: Adapter): PackedAdapter {
  const scale = loraScale(lora);
  const terms = new Map<string, PackedTerm>();
  const matrix = (name: string, factor: number): PackedMatrix => {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw new RangeError(`adapter: expected ${name}, got none`);
    const [columns, rows] = tensor.shape;
    const values = tensor.dataSync();
    const address = heap.allocate(rows * columns * 4);
    const out = new Float32Array(heap.memory.buffer, address, rows * columns);
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++) out[r * columns + c] = factor * values[c * rows + r];
    return { kind: 'F32', rows, columns, address, bytes: rows * columns * 4 };
  };
  for (const name of lora.targets)
    terms.set(name, { down: matrix(`${name}.loraA`, 1), up: matrix(`${name}.loraB`, scale) });
  const all = [...terms.values()];
  return {
    id: copies++,
    rank: Math.max(...all.map(({ down }) => down.rows)),
    width: Math.max(...all.map(({ up }) => up.rows)),
    terms,
  };
}

/** Frees what `packAdapter` took. */
export function freeAdapter(heap: Heap, { terms }: PackedAdapter): void {
  for (const { down, up } of terms.values()) {
    heap.free(down.address);
    heap.free(up.address);
  }
}
