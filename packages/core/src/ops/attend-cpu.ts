// Attention for tfjs's `cpu` backend in one pass over typed arrays: a query's scores, their softmax and the mix of the values, without the
// [B, H, T, S] tensors in between, and without the keys that the mask hides. tfjs's own kernels broadcast one index at a time.
import { getKernel, type KernelConfig, registerKernel, type TensorInfo } from '@tensorflow/tfjs-core';
import { hidden } from './attention-mask.ts';

/** Name of the kernel. */
export const attendCpuKernel = 'Ashlar/Attend';

/** The part of tfjs-backend-cpu's interface that the kernel uses. */
interface CpuBackend {
  readonly data: { get(id: object): { readonly values: Float32Array } };
  makeTensorInfo(shape: number[], dtype: 'float32', values: Float32Array): TensorInfo;
}

/** Sizes and numbers of an attention. */
export interface AttendSizes {
  readonly batch: number;
  readonly heads: number;
  /** Key-value heads. */
  readonly groups: number;
  readonly length: number;
  readonly seen: number;
  readonly size: number;
  readonly scale: number;
  /** 0: none. */
  readonly softcap: number;
}

/** Registers the kernel with the `cpu` backend, once. */
export function registerAttendCpu(): void {
  if (getKernel(attendCpuKernel, 'cpu') != null) return;
  const kernelFunc = (({ inputs, attrs, backend }: KernelCall) => {
    const { q, k, v, mask, bias } = inputs;
    const values = (info: TensorInfo | undefined) => info && backend.data.get(info.dataId).values;
    const [batch, heads, length, size] = q.shape;
    const [, groups, seen] = k.shape;
    const sizes = { batch, heads, groups, length, seen, size, ...attrs };
    const result = attendRows(
      values(q) as Float32Array,
      values(k) as Float32Array,
      values(v) as Float32Array,
      sizes,
      values(mask),
      values(bias),
    );
    return backend.makeTensorInfo([batch, heads, length, size], 'float32', result);
  }) as unknown as KernelConfig['kernelFunc'];
  registerKernel({ kernelName: attendCpuKernel, backendName: 'cpu', kernelFunc });
}

interface KernelCall {
  readonly inputs: Record<string, TensorInfo>;
  readonly attrs: { readonly scale: number; readonly softcap: number };
  readonly backend: CpuBackend;
}

/** q [B, H, T, d], k and v [B, G, S, d], mask [B or 1, 1, T, S], bias [B or 1, H, 1, S] -> [B, H, T, d]. */
export function attendRows(
  q: Float32Array,
  k: Float32Array,
  v: Float32Array,
  sizes: AttendSizes,
  mask?: Float32Array,
  bias?: Float32Array,
): Float32Array {
  const { batch, heads, groups, length, seen, size, scale, softcap } = sizes;
  const result = new Float32Array(q.length);
  const weights = new Float64Array(seen);
  const maskRows = mask === undefined || mask.length === length * seen ? 0 : length * seen;
  const biasRows = bias === undefined || bias.length === heads * seen ? 0 : heads * seen;
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      const keys = (b * groups + Math.floor((h * groups) / heads)) * seen * size;
      for (let t = 0; t < length; t++) {
        const query = ((b * heads + h) * length + t) * size;
        const maskAt = b * maskRows + t * seen;
        const biasAt = b * biasRows + h * seen;
        let max = Number.NEGATIVE_INFINITY;
        for (let s = 0; s < seen; s++) {
          const shift = mask === undefined ? 0 : mask[maskAt + s];
          if (shift <= hidden) {
            weights[s] = Number.NEGATIVE_INFINITY;
            continue;
          }
          let dot = 0;
          const key = keys + s * size;
          for (let c = 0; c < size; c++) dot += q[query + c] * k[key + c];
          let score = dot * scale;
          if (softcap !== 0) score = Math.tanh(score / softcap) * softcap;
          if (bias !== undefined) score += bias[biasAt + s];
          score += shift;
          weights[s] = score;
          if (score > max) max = score;
        }
        mix(weights, max, v, keys, size, result, query);
      }
    }
  }
  return result;
}

/** Softmax of `scores` and the sum of the values under it. A row that sees nothing (padding) stays 0. */
function mix(
  scores: Float64Array,
  max: number,
  v: Float32Array,
  values: number,
  size: number,
  result: Float32Array,
  to: number,
): void {
  if (max === Number.NEGATIVE_INFINITY) return;
  let sum = 0;
  for (let s = 0; s < scores.length; s++) {
    scores[s] = Math.exp(scores[s] - max);
    sum += scores[s];
  }
  for (let s = 0; s < scores.length; s++) {
    const weight = scores[s] / sum;
    if (weight === 0) continue;
    const from = values + s * size;
    for (let c = 0; c < size; c++) result[to + c] += weight * v[from + c];
  }
}
