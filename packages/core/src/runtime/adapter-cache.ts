// An executor's own copies of adapters, packed when a pass first needs them. A copy is good as long as the adapter's tensors are the same ones: a trainer that goes on puts new ones in their place.
import type { Adapter } from '../train/lora/lora.ts';

/** Packed copies by adapter. */
export interface AdapterCache<Packed> {
  /** The copy of an adapter, made or made again where needed. Until the pass has ended it stays, whatever is forgotten meanwhile. */
  get(adapter: Adapter): Packed;
  /** Frees an adapter's copy; one that is used again is packed again. */
  forget(adapter: Adapter): void;
  /** Before the first `get` of a pass. */
  begin(): void;
  /** A pass has ended; when it was the last one under way, what was forgotten is freed, and of the rest those that have not been used for longest, down to the limit. */
  end(): void;
  dispose(): void;
}

/** Copies of at most `most` adapters between passes, freed least recently used first; a pass may need more. */
export function createAdapterCache<Packed>(
  pack: (adapter: Adapter) => Packed,
  free: (packed: Packed) => void,
  most = 16,
): AdapterCache<Packed> {
  const copies = new Map<Adapter, { packed: Packed; tensors: readonly unknown[] }>();
  const tensorsOf = ({ tensors }: Adapter): unknown[] => [...tensors.values()];
  let passes = 0;
  const forgotten: Packed[] = [];
  const release = (packed: Packed): void => {
    if (passes > 0) forgotten.push(packed);
    else free(packed);
  };
  const forget = (adapter: Adapter): void => {
    const known = copies.get(adapter);
    if (known !== undefined) release(known.packed);
    copies.delete(adapter);
  };
  return {
    get(adapter) {
      const tensors = tensorsOf(adapter);
      const known = copies.get(adapter);
      if (known !== undefined) {
        copies.delete(adapter);
        if (
          known.tensors.length === tensors.length &&
          known.tensors.every((tensor, i) => tensor === tensors[i])
        ) {
          copies.set(adapter, known);
          return known.packed;
        }
        release(known.packed);
      }
      const packed = pack(adapter);
      copies.set(adapter, { packed, tensors });
      return packed;
    },
    forget,
    begin() {
      passes++;
    },
    end() {
      passes--;
      if (passes > 0) return;
      for (const packed of forgotten.splice(0)) free(packed);
      for (const adapter of copies.keys()) {
        if (copies.size <= most) return;
        forget(adapter);
      }
    },
    dispose() {
      for (const packed of [...forgotten.splice(0), ...[...copies.values()].map((copy) => copy.packed)])
        free(packed);
      copies.clear();
    },
  };
}

/** Rows `from` to `to - 1` of a pass have one adapter. */
export interface AdapterSpan<Packed> {
  readonly from: number;
  readonly to: number;
  readonly adapter: Packed;
}

/** The runs of rows with one adapter each; rows without are in none. */
export function adapterSpans<Packed>(rows: readonly (Packed | undefined)[]): AdapterSpan<Packed>[] {
  const spans: AdapterSpan<Packed>[] = [];
  rows.forEach((adapter, row) => {
    if (adapter === undefined) return;
    const last = spans.at(-1);
    if (last !== undefined && last.to === row && last.adapter === adapter)
      spans[spans.length - 1] = { ...last, to: row + 1 };
    else spans.push({ from: row, to: row + 1, adapter });
  });
  return spans;
}
