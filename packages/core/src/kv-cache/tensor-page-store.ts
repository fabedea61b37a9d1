// Pages as tensors, for the composite path on any tfjs backend: a page's keys of one layer are one tensor [1, G, P, d], replaced when tokens
// are appended. Stock tfjs cannot write in place, and an ever-growing concat would ask the buffer pools for a new size each token,
// which they never give back; here every tensor has the page's size and a gathered context a multiple of it. Since tensors
// are immutable, a copy on write is another reference.
import { add, concat, keep, pad, slice, type Tensor4D, tensor4d, tidy, zeros } from '@tensorflow/tfjs-core';
import type { PageShape, PageStore } from './page-store.ts';

interface LayerPages {
  keys?: Tensor4D;
  values?: Tensor4D;
  /** Tokens written; what lies beyond is 0. */
  filled: number;
}

/** A page store of tensors, and what the composite decoder asks of it. */
export interface TensorPageStore extends PageStore {
  /** Appends keys and values [1, G, n, d] of one layer behind the first `offset` tokens of `page`. */
  append(page: number, layer: number, offset: number, keys: Tensor4D, values: Tensor4D): void;
  /** All of `pages` side by side: [1, G, pages * P, d], filled up with empty pages to `count` pages. */
  gather(pages: readonly number[], layer: number, count: number): { keys: Tensor4D; values: Tensor4D };
}

/** An empty store. */
export function createTensorPageStore(shape: PageShape): TensorPageStore {
  const { layers, groups, pageSize, headDim } = shape;
  const pages = new Map<number, LayerPages[]>();
  const whole: [number, number, number, number] = [1, groups, pageSize, headDim];
  let empty: Tensor4D | undefined;

  const page = (id: number): LayerPages[] => {
    const found = pages.get(id) ?? Array.from({ length: layers }, () => ({ filled: 0 }));
    pages.set(id, found);
    return found;
  };
  const emptyPage = () => {
    empty ??= keep(zeros(whole) as Tensor4D);
    return empty;
  };
  const behind = (old: Tensor4D | undefined, filled: number, offset: number, added: Tensor4D): Tensor4D => {
    const count = added.shape[2];
    if (offset === 0 && count === pageSize) return keep(added.clone());
    const shifted = pad(added, [
      [0, 0],
      [0, 0],
      [offset, pageSize - offset - count],
      [0, 0],
    ]);
    if (old === undefined || offset === 0) return keep(shifted);
    // A truncated page still holds what was cut off.
    const kept = filled > offset ? cut(old, offset) : old;
    return keep(add(kept, shifted));
  };
  const cut = (old: Tensor4D, tokens: number): Tensor4D =>
    pad(slice(old, [0, 0, 0, 0], [1, groups, tokens, headDim]), [
      [0, 0],
      [0, 0],
      [0, pageSize - tokens],
      [0, 0],
    ]);
  const drop = (entry: LayerPages) => {
    entry.keys?.dispose();
    entry.values?.dispose();
  };

  return {
    shape,
    append(id, layer, offset, keys, values) {
      const entry = page(id)[layer];
      const next = tidy(() => ({
        keys: behind(entry.keys, entry.filled, offset, keys),
        values: behind(entry.values, entry.filled, offset, values),
      }));
      drop(entry);
      Object.assign(entry, next, { filled: offset + keys.shape[2] });
    },
    gather(ids, layer, count) {
      const parts = ids.map((id) => page(id)[layer]);
      const blanks = Array.from({ length: count - ids.length }, emptyPage);
      const join = (of: 'keys' | 'values') => {
        const list = [...parts.map((part) => part[of] ?? emptyPage()), ...blanks];
        return list.length === 1 ? list[0].clone() : (concat(list, 2) as Tensor4D);
      };
      return { keys: join('keys'), values: join('values') };
    },
    copy(from, to) {
      const copies = page(from).map(({ keys, values, filled }) => ({
        keys: keys && keep(keys.clone()),
        values: values && keep(values.clone()),
        filled,
      }));
      for (const entry of page(to)) drop(entry);
      pages.set(to, copies);
    },
    clear(id) {
      for (const entry of pages.get(id) ?? []) drop(entry);
      pages.delete(id);
    },
    async read(id) {
      const size = groups * pageSize * headDim;
      const result = new Float32Array(layers * 2 * size);
      let at = 0;
      for (const { keys, values } of page(id)) {
        for (const part of [keys, values]) {
          if (part !== undefined) result.set((await part.data()) as Float32Array, at);
          at += size;
        }
      }
      return result;
    },
    write(id, content) {
      const size = groups * pageSize * headDim;
      for (const entry of pages.get(id) ?? []) drop(entry);
      const part = (i: number) => keep(tensor4d(content.slice(i * size, (i + 1) * size), whole));
      pages.set(
        id,
        Array.from({ length: layers }, (_, l) => ({
          keys: part(2 * l),
          values: part(2 * l + 1),
          filled: pageSize,
        })),
      );
    },
    dispose() {
      for (const entry of [...pages.values()].flat()) drop(entry);
      pages.clear();
      empty?.dispose();
      empty = undefined;
    },
  };
}
