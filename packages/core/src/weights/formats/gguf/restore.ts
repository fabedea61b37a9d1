// Undoes what llama.cpp's converter changed, so that a GGUF file reads as the Hugging Face checkpoint it was made from. All but `plus-one` and
// `turned` move whole rows, which leaves packed blocks as they are.
import type { ByteSource } from '../../bytes/byte-source.ts';
import { CheckpointError } from '../../checkpoint-error.ts';
import { maxLayers } from '../../limits.ts';
import { dequantize } from '../../quantization/dequantize.ts';
import { isPlain, plainBytes } from '../../quantization/plain.ts';
import type { StoredDtype, StoredTensor, TensorEntry } from '../../weight-file.ts';
import { pairwiseRow, reorderRows } from '../interleaved-rope.ts';
import { transpose } from '../transpose.ts';
import type { GgufEntry } from './gguf-header.ts';
import type { Change } from './tensor-names.ts';

/** The sizes that a change depends on. */
export interface HeadSizes {
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
}

/** A tensor under its Hugging Face name: where it lies and how to read it. */
export interface RestoredEntry extends TensorEntry {
  readonly read: () => Promise<StoredTensor>;
}

/** The tensors that one ggml tensor stands for: one, or one an expert, a head, a projection. */
export function* restore(
  source: ByteSource,
  name: string,
  entry: GgufEntry,
  target: { readonly name: string; readonly change?: Change },
  sizes: HeadSizes,
): Generator<[name: string, entry: RestoredEntry]> {
  const { heads, keyValueHeads, headSize } = sizes;
  const { dtype, shape, begin, byteLength } = entry;
  const wrong = (expected: string) => new CheckpointError(source.name, `${name}: shape`, expected, shape);
  const rows = shape[0] ?? 1;
  switch (target.change) {
    case undefined:
      yield [target.name, plain(source, entry)];
      return;
    case 'pairwise-query':
    case 'pairwise-key': {
      const count = target.change === 'pairwise-query' ? heads : keyValueHeads;
      if (rows % (2 * count) !== 0) throw wrong(`rows that are ${count} heads of an even size`);
      yield [target.name, reordered(source, entry, (row) => pairwiseRow(row, rows / count))];
      return;
    }
    case 'heads-first': {
      if (rows !== 3 * heads * headSize)
        throw wrong(`${3 * heads * headSize} rows (3 x ${heads} heads of ${headSize})`);
      const from = (row: number) =>
        (Math.floor(row / headSize) % 3) * heads * headSize +
        Math.floor(row / (3 * headSize)) * headSize +
        (row % headSize);
      yield [target.name, reordered(source, entry, from)];
      return;
    }
    case 'turned':
      if (shape.length === 2 && !target.name.endsWith('.bias')) yield [target.name, turned(source, entry)];
      else yield [target.name, plain(source, entry)];
      return;
    case 'plus-one':
      yield [target.name, minusOne(source, entry)];
      return;
    case 'experts':
    case 'heads': {
      if (shape.length < 2 || rows < 1 || rows > maxLayers)
        throw wrong(`1 to ${maxLayers} ${target.change} outermost`);
      for (let e = 0; e < rows; e++) {
        const size = byteLength / rows;
        const slice = { dtype, shape: shape.slice(1), begin: begin + e * size, byteLength: size };
        yield [target.name.replace('E', String(e)), plain(source, slice)];
      }
      return;
    }
    case 'split-qkv': {
      const [query, key] = [heads * headSize, keyValueHeads * headSize];
      if (rows !== query + 2 * key) throw wrong(`${query + 2 * key} rows (query, key and value)`);
      const [, stem, suffix] = /^(.*)\.(weight|bias)$/.exec(target.name)!;
      let row = 0;
      for (const [part, count] of [
        ['q_proj', query],
        ['k_proj', key],
        ['v_proj', key],
      ] as const) {
        const width = byteLength / rows;
        const slice = {
          dtype,
          shape: [count, ...shape.slice(1)],
          begin: begin + row * width,
          byteLength: count * width,
        };
        yield [`${stem}.${part}.${suffix}`, plain(source, slice)];
        row += count;
      }
    }
  }
}

type Slice = { dtype: StoredDtype; shape: readonly number[]; begin: number; byteLength: number };

function plain(source: ByteSource, { dtype, shape, begin, byteLength }: Slice): RestoredEntry {
  const read = async () => ({ dtype, shape, bytes: await source.read(begin, byteLength) });
  return { dtype, shape, byteLength, read };
}

function reordered(source: ByteSource, entry: Slice, from: (row: number) => number): RestoredEntry {
  const { dtype, shape, begin, byteLength } = entry;
  const read = async () => {
    const bytes = reorderRows(await source.read(begin, byteLength), shape[0], from);
    return { dtype, shape, bytes };
  };
  return { dtype, shape, byteLength, read };
}

/** [out, in] as [in, out]; blocks cannot be turned, so packed tensors become float32. */
function turned(source: ByteSource, entry: Slice): RestoredEntry {
  const { begin, byteLength: stored } = entry;
  const [rows, columns] = entry.shape;
  const shape = [columns, rows];
  const dtype = isPlain(entry.dtype) ? entry.dtype : 'F32';
  const width = plainBytes[dtype];
  const read = async () => {
    let bytes = await source.read(begin, stored);
    if (dtype !== entry.dtype) {
      const values = dequantize({ dtype: entry.dtype, shape: entry.shape, bytes });
      bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    }
    return { dtype, shape, bytes: transpose(bytes, rows, columns, width) };
  };
  return { dtype, shape, byteLength: rows * columns * width, read };
}

function minusOne(source: ByteSource, entry: Slice): RestoredEntry {
  const { shape } = entry;
  const byteLength = shape.reduce((product, size) => product * size, 4);
  const read = async () => {
    const { dtype, begin } = entry;
    const values = dequantize({ dtype, shape, bytes: await source.read(begin, entry.byteLength) });
    for (let i = 0; i < values.length; i++) values[i] -= 1;
    return { dtype: 'F32', shape, bytes: new Uint8Array(values.buffer) } as const;
  };
  return { dtype: 'F32', shape, byteLength, read };
}
