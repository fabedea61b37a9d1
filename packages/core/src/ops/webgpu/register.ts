// Registers the fused kernels with tfjs's backend `webgpu`, once.
import { getKernel, type KernelConfig, registerKernel, type TensorInfo } from '@tensorflow/tfjs-core';
import type { OwnKernel } from '../own-kernel.ts';
import { adamwOnWebgpu, headsOnWebgpu, siluMulGradOnWebgpu, siluMulOnWebgpu } from './elementwise.ts';
import { normGradOnWebgpu, normOnWebgpu } from './norm.ts';
import type { WebGPUBackendLike } from './record.ts';
import {
  maskedSoftmaxGradOnWebgpu,
  maskedSoftmaxOnWebgpu,
  rowCrossEntropyGradOnWebgpu,
  rowCrossEntropyOnWebgpu,
  scatterRowsOnWebgpu,
  squareSumsOnWebgpu,
} from './rows.ts';

type Inputs = Record<string, TensorInfo>;
type Kernel = (
  backend: WebGPUBackendLike,
  inputs: Inputs,
  // The kernels read what their op passed; tfjs's attributes have no types.
  attrs: never,
) => TensorInfo | TensorInfo[];

const kernels: Partial<Record<OwnKernel, Kernel>> = {
  'Ashlar/Norm': normOnWebgpu,
  'Ashlar/NormGrad': normGradOnWebgpu,
  'Ashlar/SiluMul': siluMulOnWebgpu,
  'Ashlar/SiluMulGrad': siluMulGradOnWebgpu,
  'Ashlar/SplitHeads': (backend, inputs, attrs) => headsOnWebgpu(backend, inputs, attrs, true),
  'Ashlar/JoinHeads': (backend, inputs, attrs) => headsOnWebgpu(backend, inputs, attrs, false),
  'Ashlar/MaskedSoftmax': maskedSoftmaxOnWebgpu,
  'Ashlar/MaskedSoftmaxGrad': maskedSoftmaxGradOnWebgpu,
  'Ashlar/RowCrossEntropy': rowCrossEntropyOnWebgpu,
  'Ashlar/RowCrossEntropyGrad': rowCrossEntropyGradOnWebgpu,
  'Ashlar/ScatterRows': scatterRowsOnWebgpu,
  'Ashlar/AdamW': (backend, inputs, attrs) =>
    adamwOnWebgpu(backend, inputs, constantsOf(backend, Object.values(attrs))),
  'Ashlar/SquareSums': (backend, inputs) => squareSumsOnWebgpu(backend, Object.values(inputs)),
};

/** Registers them; called when the backend starts. */
export function registerWebgpuKernels(): void {
  for (const [kernelName, kernel] of Object.entries(kernels)) {
    if (getKernel(kernelName, 'webgpu') != null) continue;
    registerKernel({
      kernelName,
      backendName: 'webgpu',
      kernelFunc: (({ inputs, attrs, backend }: { inputs: Inputs; attrs: object; backend: object }) =>
        kernel(
          backend as WebGPUBackendLike,
          inputs,
          (attrs ?? {}) as never,
        )) as unknown as KernelConfig['kernelFunc'],
    });
  }
}

// The constants of an update are the same for many parameters of a step: a few small buffers, the oldest given back.
const most = 8;
const constantBuffers = new WeakMap<WebGPUBackendLike, Map<string, TensorInfo>>();

function constantsOf(backend: WebGPUBackendLike, values: readonly number[]): TensorInfo {
  const known = constantBuffers.get(backend) ?? new Map<string, TensorInfo>();
  constantBuffers.set(backend, known);
  const key = values.join();
  let info = known.get(key);
  if (info === undefined) {
    info = backend.makeTensorInfo([values.length], 'float32', Float32Array.from(values));
    known.set(key, info);
    const oldest = known.keys().next().value as string;
    if (known.size > most) {
      backend.disposeData((known.get(oldest) as TensorInfo).dataId);
      known.delete(oldest);
    }
  }
  return info;
}
