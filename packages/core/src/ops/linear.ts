// x W + b with W stored [in, out]: the one layout in which tfjs's fast paths apply (XNNPACK takes matMul without transpose flags only).
import {
  add,
  customGrad,
  engine,
  getBackend,
  matMul,
  reshape,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import { linearCpuKernel, registerLinearCpu } from './linear-cpu.ts';
import { matMul as matMulUpright } from './mat-mul.ts';

/** x [..., in] times weight [in, out] plus bias [out]; gives [..., out]. */
export function linear<T extends Tensor>(x: T, weight: Tensor2D, bias?: Tensor1D): T {
  const inputs = x.shape.at(-1) as number;
  const flat = reshape(x, [-1, inputs]) as Tensor2D;
  const product = getBackend() === 'cpu' ? multiplyOnCpu(flat, weight) : matMul(flat, weight);
  const biased = bias === undefined ? product : add(product, bias);
  return reshape(biased, [...x.shape.slice(0, -1), weight.shape[1]]) as T;
}

/** x [..., in] times the transposed table [out, in] plus bias [out], for a head that is tied to the embeddings; gives [..., out]. */
export function linearTransposed<T extends Tensor>(x: T, table: Tensor2D, bias?: Tensor1D): T {
  const flat = reshape(x, [-1, x.shape.at(-1) as number]) as Tensor2D;
  const product = matMulUpright(flat, table, false, true);
  const biased = bias === undefined ? product : add(product, bias);
  return reshape(biased, [...x.shape.slice(0, -1), table.shape[0]]) as T;
}

/** tfjs's own CPU kernel reads its operands through strides, one element at a time; ours runs along rows. */
function multiplyOnCpu(x: Tensor2D, weight: Tensor2D): Tensor2D {
  registerLinearCpu();
  const op = customGrad((a, b, save) => {
    const left = a as Tensor2D;
    const right = b as Tensor2D;
    (save as unknown as (tensors: Tensor[]) => void)([left, right]);
    return {
      value: engine().runKernel(linearCpuKernel, { x: left, weight: right }) as Tensor2D,
      gradFunc: (dy, saved) => {
        const [p, q] = saved as Tensor2D[];
        const grad = dy as Tensor2D;
        return [matMul(grad, q, false, true), matMul(p, grad, true, false)];
      },
    };
  });
  return op(x, weight) as Tensor2D;
}
