// The chunked cross-entropy where the backend has kernels for its rows: log-sum-exp and the label's logit of a chunk in one, softmax minus one-hot in another. With one chunk the logits are
// kept for the backward pass, else they are multiplied again.
import * as tf from '@tensorflow/tfjs-core';
import type { VocabularyChunks } from './linear-cross-entropy-on-device.ts';
import { matMul } from './mat-mul.ts';
import { runOwnKernel } from './own-kernel.ts';

/** -log softmax(hidden weight^T)[label] a row, 0 where the label is negative; gradients for hidden and weight. */
export function linearNegativeLogProbsFused(
  hidden: tf.Tensor2D,
  weight: tf.Tensor2D,
  targets: Int32Array,
  chunks: VocabularyChunks,
): tf.Tensor1D {
  const whole = chunks.starts.length === 1;
  const logitsOf = (h: tf.Tensor2D, part: tf.Tensor2D): tf.Tensor2D => matMul(h, part, false, !chunks.turned);

  const op = tf.customGrad((h, w, saveTensors) => {
    const [x, table] = [h as tf.Tensor2D, w as tf.Tensor2D];
    const labels = tf.tensor1d(targets, 'int32');
    const kept: tf.Tensor[] = [];
    const parts = chunks.starts.map((start) => {
      const logits = logitsOf(x, chunks.of(table, start));
      if (whole) kept.push(logits);
      const [lse, picked] = runOwnKernel('Ashlar/RowCrossEntropy', { logits, labels }, { start });
      if (!whole) logits.dispose();
      return { lse, picked };
    });
    const lse = whole
      ? parts[0].lse
      : tf.logSumExp(
          tf.stack(
            parts.map((p) => p.lse),
            1,
          ),
          1,
        );
    const picked = whole ? parts[0].picked : tf.addN(parts.map((p) => p.picked));
    const losses = targets.some((id) => id < 0)
      ? tf.mul(
          tf.sub(lse, picked),
          Float32Array.from(targets, (id) => (id < 0 ? 0 : 1)),
        )
      : tf.sub(lse, picked);
    (saveTensors as unknown as (tensors: tf.Tensor[]) => void)([x, table, lse, labels, ...kept]);
    const gradFunc = (dy: tf.Tensor | tf.Tensor[], saved: tf.Tensor[]): tf.Tensor[] => {
      const [input, matrix, total, ids, known] = saved;
      let dx: tf.Tensor | undefined;
      const dw: tf.Tensor[] = [];
      for (const start of chunks.starts) {
        const [stepX, stepW] = tf.tidy(() => {
          const part = chunks.of(matrix as tf.Tensor2D, start);
          const logits = known ?? logitsOf(input as tf.Tensor2D, part);
          const dz = runOwnKernel(
            'Ashlar/RowCrossEntropyGrad',
            { logits, lse: total, labels: ids, dy: dy as tf.Tensor },
            { start },
          )[0] as tf.Tensor2D;
          return [
            matMul(dz, part, false, chunks.turned),
            chunks.turned
              ? matMul(input as tf.Tensor2D, dz, true, false)
              : matMul(dz, input as tf.Tensor2D, true, false),
          ];
        });
        dx = dx === undefined ? stepX : tf.add(dx, stepX);
        dw.push(stepW);
      }
      return [dx as tf.Tensor, dw.length === 1 ? dw[0] : tf.concat(dw, chunks.turned ? 1 : 0)];
    };
    return { value: losses, gradFunc };
  });
  return op(hidden, weight) as tf.Tensor1D;
}
