// The chunked cross-entropy for backends whose tensors lie on a device: the same sums in stock ops, so that nothing is downloaded. Forward: log-sum-exp and target logit of each chunk; backward: a chunk's logits
// again, their softmax minus the one-hot targets, times dy.
import * as tf from '@tensorflow/tfjs-core';
import { matMul } from './mat-mul.ts';

/** How the vocabulary is cut: the chunk of the weight that starts at a column, and where chunks start. */
export interface VocabularyChunks {
  readonly starts: readonly number[];
  readonly of: (weight: tf.Tensor2D, start: number) => tf.Tensor2D;
  /** True when the weight is [C, V]. */
  readonly turned: boolean;
}

/** -log softmax(hidden weight^T)[label] a row, 0 where the label is negative; gradients for hidden and weight. */
export function linearNegativeLogProbsOnDevice(
  hidden: tf.Tensor2D,
  weight: tf.Tensor2D,
  labels: Int32Array,
  chunks: VocabularyChunks,
): tf.Tensor1D {
  const rows = labels.length;
  const counted = (): tf.Tensor2D =>
    tf.tensor2d(
      Float32Array.from(labels, (id) => (id >= 0 ? 1 : 0)),
      [rows, 1],
    );
  const logitsOf = (h: tf.Tensor2D, part: tf.Tensor2D): tf.Tensor2D => matMul(h, part, false, !chunks.turned);
  const widthOf = (part: tf.Tensor2D): number => part.shape[chunks.turned ? 1 : 0];
  // Labels outside of the chunk have no one: oneHot leaves their row zero.
  const targets = (start: number, width: number): tf.Tensor2D =>
    tf.oneHot(
      tf.tensor1d(
        labels.map((id) => id - start),
        'int32',
      ),
      width,
    ) as tf.Tensor2D;

  const op = tf.customGrad((h, w, saveTensors) => {
    const x = h as tf.Tensor2D;
    const table = w as tf.Tensor2D;
    const { losses, total } = tf.tidy(() => {
      const parts = chunks.starts.map((start) =>
        tf.tidy(() => {
          const part = chunks.of(table, start);
          const logits = logitsOf(x, part);
          const picked = tf.sum(tf.mul(logits, targets(start, widthOf(part))), 1, true);
          return { lse: tf.logSumExp(logits, 1, true), picked };
        }),
      );
      const all = tf.concat(
        parts.map((p) => p.lse),
        1,
      );
      const lse = tf.logSumExp(all, 1, true);
      const target = tf.addN(parts.map((p) => p.picked));
      return { losses: tf.reshape(tf.mul(tf.sub(lse, target), counted()), [rows]), total: lse };
    });
    (saveTensors as unknown as (tensors: tf.Tensor[]) => void)([x, table, total]);
    const gradFunc = (dy: tf.Tensor | tf.Tensor[], saved: tf.Tensor[]): tf.Tensor[] => {
      const [input, matrix, lse] = saved as tf.Tensor2D[];
      const scale = tf.mul(tf.reshape(dy as tf.Tensor, [rows, 1]), counted());
      let dx: tf.Tensor | undefined;
      const dw: tf.Tensor[] = [];
      for (const start of chunks.starts) {
        const part = chunks.of(matrix, start);
        const [stepX, stepW] = tf.tidy(() => {
          const softmax = tf.exp(tf.sub(logitsOf(input, part), lse));
          const dz = tf.mul(tf.sub(softmax, targets(start, widthOf(part))), scale) as tf.Tensor2D;
          return [
            matMul(dz, part, false, chunks.turned),
            chunks.turned ? matMul(input, dz, true, false) : matMul(dz, input, true, false),
          ];
        });
        dx = dx === undefined ? stepX : tf.add(dx, stepX);
        dw.push(stepW);
      }
      return [dx!, dw.length === 1 ? dw[0] : tf.concat(dw, chunks.turned ? 1 : 0)];
    };
    return { value: losses, gradFunc };
  });
  return op(hidden, weight) as tf.Tensor1D;
}
