// Scaled dot-product attention of stock tfjs ops with grouped keys (arXiv:2305.13245), softcap, additive mask and linear biases.
// The queries of a group are laid one below the other, so keys and values are never repeated.
import {
  add,
  customGrad,
  div,
  engine,
  getBackend,
  matMul,
  mul,
  reshape,
  softmax,
  type Tensor,
  type Tensor4D,
  tanh,
} from '@tensorflow/tfjs-core';
import { attendCpuKernel, registerAttendCpu } from './attend-cpu.ts';
import { hasKernel, runOwnKernel } from './own-kernel.ts';

/** Options of `attend`. */
export interface AttendOptions {
  readonly scale: number;
  readonly softcap?: number;
  /** Added to the scores: [B or 1, 1, T, S], a large negative number where a key may not be seen. */
  readonly mask?: Tensor;
  /** Added to the scores: [1, H, 1 or T, S]. */
  readonly bias?: Tensor;
  /** Sees the pattern [B, H, T, S] and may replace it. */
  readonly onPattern?: (pattern: Tensor4D) => Tensor4D;
}

/** softmax(scale * q kᵀ + mask) v: q [B, H, T, d], k and v [B, G, S, d] with H a multiple of G; gives [B, H, T, d]. */
export function attend(q: Tensor4D, k: Tensor4D, v: Tensor4D, options: AttendOptions): Tensor4D {
  const [batch, heads, length, size] = q.shape;
  const [, groups, seen] = k.shape;
  const { scale, softcap, mask, bias, onPattern } = options;
  // Under a gradient or a hook the pattern itself is needed.
  const isPlain = onPattern === undefined && engine().state.gradientDepth === 0;
  if (getBackend() === 'cpu' && isPlain && (bias === undefined || bias.shape[2] === 1)) {
    registerAttendCpu();
    const inputs = { q, k, v, ...(mask && { mask }), ...(bias && { bias }) };
    return engine().runKernel(attendCpuKernel, inputs, { scale, softcap: softcap ?? 0 }) as Tensor4D;
  }
  if (onPattern === undefined && bias === undefined && q.size * k.size > 0 && hasKernel('Ashlar/Attention'))
    return fused(q, k, v, options);
  const grouped = reshape(q, [batch, groups, (heads / groups) * length, size]);
  const products = reshape(matMul(grouped, k, false, true), [batch, heads, length, seen]) as Tensor4D;
  let pattern = patternOf(products, options);
  if (onPattern !== undefined) pattern = onPattern(pattern);
  const mixed = matMul(reshape(pattern, [batch, groups, (heads / groups) * length, seen]), v);
  return reshape(mixed, [batch, heads, length, size]);
}

function fused(q: Tensor4D, k: Tensor4D, v: Tensor4D, { scale, softcap = 0, mask }: AttendOptions): Tensor4D {
  const attrs = { scale, softcap };
  const op = customGrad((x, y, z, save) => {
    const inputs = { q: x as Tensor, k: y as Tensor, v: z as Tensor };
    const [out, lse] = runOwnKernel('Ashlar/Attention', { ...inputs, mask }, attrs);
    const kept = [inputs.q, inputs.k, inputs.v, out, lse, ...(mask === undefined ? [] : [mask])];
    (save as unknown as (tensors: Tensor[]) => void)(kept);
    return {
      value: out,
      gradFunc: (dy, saved) => {
        const [a, b, c, result, total, hides] = saved as Tensor[];
        const all = { q: a, k: b, v: c, out: result, lse: total, mask: hides, dy: dy as Tensor };
        return runOwnKernel('Ashlar/AttentionGrad', all, attrs);
      },
    };
  });
  return op(q, k, v) as Tensor4D;
}

/** softmax(scale * products + mask): one fused kernel each way where the backend has it. */
function patternOf(products: Tensor4D, { scale, softcap, mask, bias }: AttendOptions): Tensor4D {
  if (softcap === undefined && bias === undefined && hasKernel('Ashlar/MaskedSoftmax')) {
    const op = customGrad((given, save) => {
      const y = runOwnKernel('Ashlar/MaskedSoftmax', { scores: given as Tensor, mask }, { scale })[0];
      (save as unknown as (tensors: Tensor[]) => void)([y]);
      return {
        value: y,
        gradFunc: (dy, saved) =>
          runOwnKernel(
            'Ashlar/MaskedSoftmaxGrad',
            { dy: dy as Tensor, y: (saved as Tensor[])[0] },
            { scale },
          )[0],
      };
    });
    return op(products) as Tensor4D;
  }
  let scores: Tensor = mul(products, scale);
  if (softcap !== undefined) scores = mul(tanh(div(scores, softcap)), softcap);
  if (bias !== undefined) scores = add(scores, bias);
  if (mask !== undefined) scores = add(scores, mask);
  return softmax(scores, -1) as Tensor4D;
}
