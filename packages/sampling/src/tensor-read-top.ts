// The best tokens of rows that lie on a device, without a top-k kernel (tfjs's takes a second on WebGPU) and without reading the rows:
// maxima of groups are read, the groups with the largest ones are cut out and split again. The k best tokens lie in the k groups with the
// largest maxima, so the result is exact; ties go to the lowest id because groups are runs of ids.
import * as tf from '@tensorflow/tfjs-core';
import { checkInteger } from './check.ts';

/** The most likely candidates of one row, read back from the device. */
export interface TopCandidates {
  /** Their ids, likeliest first. */
  readonly ids: Int32Array;
  /** Their logits. */
  readonly logits: Float32Array;
  /** ln sum exp over the whole row: `logit - logSumExp` is the exact logprob. */
  readonly logSumExp: number;
}

/**
 * Reads back the `count` most likely candidates of each row [B, V] (lowest id first among equals) and the normaliser.
 *
 * For 40 of 262,144: 6 KB in four reads. Exact for a chain whose remaining steps begin with a top-k of at most
 * `count`. Tokens at -Infinity may be missing among the last.
 *
 * @throws RangeError when count is not an integer >= 1.
 */
export async function readTop(logits: tf.Tensor2D, count: number): Promise<TopCandidates[]> {
  const [batch, size] = logits.shape;
  const k = Math.min(checkInteger('count', count, 1), size);
  let width = 1; // of a group: few enough groups to read, and at least 2 k of them
  while (size > 256 * width && size >= 4 * width * k) width *= 2;
  const normalisers = tf.tidy(() => normaliserOf(logits));
  const padding = Math.ceil(size / width) * width - size;
  // [B, groups * width]; the padding has ids beyond the vocabulary and is left out at the end.
  let cells = tf.tidy(() =>
    tf.pad(
      logits,
      [
        [0, 0],
        [0, padding],
      ],
      lowest,
    ),
  ) as tf.Tensor2D;
  let starts: Int32Array[] = Array.from({ length: batch }, () =>
    Int32Array.from({ length: cells.shape[1] / width }, (_, g) => g * width),
  );
  try {
    while (width > 1 && cells.shape[1] > directly) {
      const per = starts[0].length;
      const grouped = tf.reshape(cells, [batch * per, width]);
      const maxima = tf.max(grouped, 1);
      const values = await maxima.data();
      const chosen = starts.map((own, r) =>
        best(values.subarray(r * per, (r + 1) * per), own, Math.min(k, per)),
      );
      const rows = chosen.flatMap((places, r) => places.map((place) => r * per + place));
      const kept = tf.tidy(() => tf.reshape(tf.gather(grouped, tf.tensor1d(rows, 'int32')), [batch, -1]));
      tf.dispose([cells, grouped, maxima]);
      cells = kept as tf.Tensor2D;
      const narrow = Math.max(1, width >> 3);
      starts = chosen.map((places, r) =>
        split(
          places.map((place) => starts[r][place]),
          width,
          narrow,
        ),
      );
      width = narrow;
    }
    const [flat, sums] = await Promise.all([cells.data(), normalisers.data()]);
    return starts.map((own, r) => {
      const ids = split(own, width, 1);
      const row = flat.subarray(r * ids.length, (r + 1) * ids.length);
      const places = best(row, ids, k, size);
      return {
        ids: Int32Array.from(places, (place) => ids[place]),
        logits: Float32Array.from(places, (place) => row[place]),
        logSumExp: sums[r],
      };
    });
  } finally {
    tf.dispose([cells, normalisers]);
  }
}

/** ln sum exp of each row, by parts: a backend that sums one after the other in f32 loses four digits over 262,144 terms. */
function normaliserOf(logits: tf.Tensor2D): tf.Tensor {
  const [batch, size] = logits.shape;
  if (size <= part) return tf.logSumExp(logits, 1);
  const padded = tf.pad(
    tf.maximum(logits, lowest),
    [
      [0, 0],
      [0, Math.ceil(size / part) * part - size],
    ],
    lowest,
  );
  return tf.logSumExp(tf.logSumExp(tf.reshape(padded, [batch, -1, part]), 2), 1);
}

const part = 512;

/** So many values a row are read without another split. */
const directly = 1024;

/** The lowest f32: below every logit but -Infinity. */
const lowest = -3.4028234663852886e38;

/** The first ids of the parts of runs of ids. */
function split(starts: ArrayLike<number>, width: number, narrow: number): Int32Array {
  const each = width / narrow;
  return Int32Array.from(
    { length: starts.length * each },
    (_, i) => starts[Math.floor(i / each)] + (i % each) * narrow,
  );
}

/** The places of the k largest values whose id lies below `limit`, the lowest id first among equals. */
function best(values: ArrayLike<number>, ids: Int32Array, k: number, limit = Infinity): number[] {
  return Array.from(ids.keys())
    .filter((place) => ids[place] < limit)
    .sort((a, b) => values[b] - values[a] || ids[a] - ids[b])
    .slice(0, k);
}
