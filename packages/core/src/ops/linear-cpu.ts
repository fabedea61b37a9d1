// The product of activations and a linear weight for tfjs's `cpu` backend, in typed arrays: eight rows of the weight at a time, so that each
// result is read and written once for eight products, and the rows stay in cache while every row of x passes over them.
import { getKernel, type KernelConfig, registerKernel, type TensorInfo } from '@tensorflow/tfjs-core';

/** Name of the kernel. */
export const linearCpuKernel = 'Ashlar/Linear';

/** The part of tfjs-backend-cpu's interface that the kernel uses. */
interface CpuBackend {
  readonly data: { get(id: object): { readonly values: Float32Array } };
  makeTensorInfo(shape: number[], dtype: 'float32', values: Float32Array): TensorInfo;
}

/** Registers the kernel with the `cpu` backend, once. */
export function registerLinearCpu(): void {
  if (getKernel(linearCpuKernel, 'cpu') != null) return;
  const kernelFunc = (({ inputs, backend }: { inputs: Record<string, TensorInfo>; backend: CpuBackend }) => {
    const { x, weight } = inputs;
    const [rows, width] = x.shape;
    const outputs = weight.shape[1];
    const result = multiplyRows(
      backend.data.get(x.dataId).values,
      backend.data.get(weight.dataId).values,
      rows,
      width,
      outputs,
    );
    return backend.makeTensorInfo([rows, outputs], 'float32', result);
  }) as unknown as KernelConfig['kernelFunc'];
  registerKernel({ kernelName: linearCpuKernel, backendName: 'cpu', kernelFunc });
}

/** x [rows, width] times w [width, outputs]. */
export function multiplyRows(
  x: Float32Array,
  w: Float32Array,
  rows: number,
  width: number,
  outputs: number,
): Float32Array {
  const result = new Float32Array(rows * outputs);
  const full = width - (width % 8);
  for (let i = 0; i < full; i += 8) {
    for (let r = 0; r < rows; r++) {
      const at = r * width + i;
      addEight(result, r * outputs, w, i * outputs, outputs, x, at);
    }
  }
  for (let i = full; i < width; i++) {
    for (let r = 0; r < rows; r++) {
      const factor = x[r * width + i];
      const from = i * outputs;
      const to = r * outputs;
      for (let j = 0; j < outputs; j++) result[to + j] += factor * w[from + j];
    }
  }
  return result;
}

function addEight(
  result: Float32Array,
  to: number,
  w: Float32Array,
  from: number,
  outputs: number,
  x: Float32Array,
  at: number,
): void {
  const x0 = x[at];
  const x1 = x[at + 1];
  const x2 = x[at + 2];
  const x3 = x[at + 3];
  const x4 = x[at + 4];
  const x5 = x[at + 5];
  const x6 = x[at + 6];
  const x7 = x[at + 7];
  const w1 = from + outputs;
  const w2 = w1 + outputs;
  const w3 = w2 + outputs;
  const w4 = w3 + outputs;
  const w5 = w4 + outputs;
  const w6 = w5 + outputs;
  const w7 = w6 + outputs;
  for (let j = 0; j < outputs; j++) {
    result[to + j] +=
      x0 * w[from + j] +
      x1 * w[w1 + j] +
      x2 * w[w2 + j] +
      x3 * w[w3 + j] +
      (x4 * w[w4 + j] + x5 * w[w5 + j] + x6 * w[w6 + j] + x7 * w[w7 + j]);
  }
}
