// The fused kernels of training on the backend `simd`: each a program of one or a few instructions over the tensors' places in the shared memory.
import { type KernelConfig, registerKernel, type TensorInfo } from '@tensorflow/tfjs-core';
import type { OwnKernel } from '../../ops/own-kernel.ts';
import { floatBits, instruction } from './program.ts';
import type { SimdBackend } from './simd-backend.ts';

type Inputs = Readonly<Record<string, TensorInfo>>;
type Attrs = Readonly<Record<string, number | boolean>>;
type Kernel = (backend: SimdBackend, inputs: Inputs, attrs: Attrs) => TensorInfo[];

const sizeOf = ({ shape }: TensorInfo): number => shape.reduce((a, b) => a * b, 1);
const rowsOf = (info: TensorInfo): [number, number] => {
  const width = info.shape[info.shape.length - 1];
  return [sizeOf(info) / width, width];
};
// Below this, waking the other threads costs more than they save.
const parallelElements = 1 << 13;

/** The weight as the kernels read it: with `unitOffset` a copy of 1 + weight, to be freed. */
function scaleOf(
  backend: SimdBackend,
  weight: TensorInfo,
  { unitOffset }: Attrs,
): { pointer: number; free(): void } {
  if (unitOffset !== true) return { pointer: backend.locate(weight), free() {} };
  const { heap } = backend.machine;
  const pointer = heap.allocate(4 * sizeOf(weight));
  const from = backend.view(weight);
  const to = new Float32Array(heap.memory.buffer, pointer, from.length);
  for (let i = 0; i < from.length; i++) to[i] = 1 + from[i];
  return { pointer, free: () => heap.free(pointer) };
}

const norm: Kernel = (backend, { x, weight, bias }, attrs) => {
  const [rows, width] = rowsOf(x);
  const scale = scaleOf(backend, weight, attrs);
  const from = backend.locate(x);
  const shift = bias === undefined ? 0 : backend.locate(bias);
  const out = backend.output(x.shape);
  const kind = attrs['layer'] === true ? 1 : 0;
  const eps = floatBits(attrs['eps'] as number);
  const args = [from, 0, 0, out.pointer, rows, width, kind, eps, scale.pointer, shift, 1];
  backend.execute('norm', args, rows > 1 && rows * width >= parallelElements);
  scale.free();
  return [out.info];
};

const normGrad: Kernel = (backend, { dy, x, weight }, attrs) => {
  const [rows, width] = rowsOf(x);
  const { heap, threads } = backend.machine;
  const count = rows > 1 && rows * width >= parallelElements ? threads : 1;
  const scale = scaleOf(backend, weight, attrs);
  const [up, from] = [backend.locate(dy), backend.locate(x)];
  const dx = backend.output(x.shape);
  const sums = [backend.output([width]), ...(attrs['bias'] === true ? [backend.output([width])] : [])];
  const parts = heap.allocate(8 * width * count);
  const eps = floatBits(attrs['eps'] as number);
  const layer = attrs['layer'] === true ? 1 : 0;
  const args = [up, from, scale.pointer, dx.pointer, parts, rows, width, layer, eps];
  backend.machine.run(instruction('normGrad', args), count);
  // The threads' parts, in the order of the threads.
  const all = new Float32Array(heap.memory.buffer, parts, 2 * width * count);
  sums.forEach(({ values }, which) => {
    for (let i = 0; i < width; i++) {
      let sum = 0;
      for (let t = 0; t < count; t++) sum += all[(2 * t + which) * width + i];
      values[i] = sum;
    }
  });
  heap.free(parts);
  scale.free();
  return [dx.info, ...sums.map((s) => s.info)];
};

const siluMul: Kernel = (backend, { gate, up }) => {
  const args = [backend.locate(gate), backend.locate(up)];
  const out = backend.output(gate.shape);
  const count = sizeOf(gate);
  backend.execute('siluMul', [...args, out.pointer, count], count >= parallelElements);
  return [out.info];
};

const siluMulGrad: Kernel = (backend, { dy, gate, up }) => {
  const args = [backend.locate(dy), backend.locate(gate), backend.locate(up)];
  const [dGate, dUp] = [backend.output(gate.shape), backend.output(gate.shape)];
  const count = sizeOf(gate);
  backend.execute('siluMulGrad', [...args, dGate.pointer, dUp.pointer, count], count >= parallelElements);
  return [dGate.info, dUp.info];
};

const heads =
  (into: boolean): Kernel =>
  (backend, { x, cos, sin }, { half, interleaved }) => {
    const [batch, a, b, size] = x.shape;
    const [length, count] = into ? [a, b] : [b, a];
    const from = backend.locate(x);
    const tables = cos === undefined ? [0, 0] : [backend.locate(cos), backend.locate(sin)];
    const out = backend.output([batch, b, a, size]);
    const stride = cos !== undefined && cos.shape[0] > 1 ? length : 0;
    const sizes = [batch, length, count, size, half as number, interleaved === true ? 1 : 0];
    const args = [from, out.pointer, ...sizes, ...tables, stride, into ? 1 : 0];
    backend.execute('heads', args, out.values.length >= parallelElements);
    return [out.info];
  };

const queryBlock = 32; // train-attention.as.ts

function attentionSizes(backend: SimdBackend, { q, k, mask }: Inputs, { scale, softcap }: Attrs) {
  const [batch, headCount, length, size] = q.shape;
  const [, groups, seen] = k.shape;
  const { heap, threads } = backend.machine;
  const bytes = 2 * queryBlock * 4 * Math.ceil(seen / 4) * 4 + backend.gemmScratch[1];
  const scratch = heap.allocate(bytes * threads);
  const maskStride = mask !== undefined && mask.shape[0] > 1 ? length * seen : 0;
  const numbers = [floatBits(scale as number), floatBits((softcap as number | undefined) ?? 0), maskStride];
  const tail = [batch, headCount, groups, length, seen, size, ...numbers, scratch, bytes];
  return {
    tail,
    parallel: batch * headCount * length * seen * size >= 1 << 16,
    free: () => heap.free(scratch),
  };
}

const attention: Kernel = (backend, inputs, attrs) => {
  const { q, k, v, mask } = inputs;
  const given = [q, k, v].map((info) => backend.locate(info));
  const hides = mask === undefined ? 0 : backend.locate(mask);
  const out = backend.output(q.shape);
  const lse = backend.output(q.shape.slice(0, 3));
  const sizes = attentionSizes(backend, inputs, attrs);
  backend.execute('attention', [...given, hides, out.pointer, lse.pointer, ...sizes.tail], sizes.parallel);
  sizes.free();
  return [out.info, lse.info];
};

const attentionGrad: Kernel = (backend, inputs, attrs) => {
  const { q, k, v, mask, dy, out, lse } = inputs;
  const given = [q, k, v].map((info) => backend.locate(info));
  const hides = mask === undefined ? 0 : backend.locate(mask);
  const more = [dy, out, lse].map((info) => backend.locate(info));
  const results = [q, k, v].map((like) => backend.output(like.shape));
  const sizes = attentionSizes(backend, inputs, attrs);
  const args = [...given, hides, ...more, ...results.map((r) => r.pointer), ...sizes.tail];
  backend.execute('attentionGrad', args, sizes.parallel);
  sizes.free();
  return results.map((r) => r.info);
};

/** Runs `use` with the address of a copy of an int32 tensor's values. */
function withInts<T>(backend: SimdBackend, info: TensorInfo, use: (pointer: number) => T): T {
  const { heap } = backend.machine;
  const values = backend.view(info);
  const pointer = heap.allocate(4 * values.length);
  new Int32Array(heap.memory.buffer, pointer, values.length).set(values);
  try {
    return use(pointer);
  } finally {
    heap.free(pointer);
  }
}

const rowCrossEntropy: Kernel = (backend, { logits, labels }, { start }) => {
  const [rows, width] = logits.shape;
  const from = backend.locate(logits);
  const [lse, picked] = [backend.output([rows]), backend.output([rows])];
  withInts(backend, labels, (ids) => {
    const args = [from, ids, lse.pointer, picked.pointer, rows, width, start as number];
    backend.execute('rowCrossEntropy', args, rows * width >= parallelElements);
  });
  return [lse.info, picked.info];
};

const rowCrossEntropyGrad: Kernel = (backend, { logits, lse, labels, dy }, { start }) => {
  const [rows, width] = logits.shape;
  const [from, total, up] = [logits, lse, dy].map((info) => backend.locate(info));
  const dz = backend.output(logits.shape);
  withInts(backend, labels, (ids) => {
    const args = [from, total, ids, up, dz.pointer, rows, width, start as number];
    backend.execute('rowCrossEntropyGrad', args, rows * width >= parallelElements);
  });
  return [dz.info];
};

const scatterRows: Kernel = (backend, { dy, ids }, { rows }) => {
  const [count, width] = dy.shape;
  for (const id of backend.view(ids))
    if (!(id >= 0 && id < (rows as number)))
      throw new RangeError(`ids: expected 0 <= id < ${rows}, got ${id}`);
  const from = backend.locate(dy);
  const sum = backend.output([rows as number, width]);
  withInts(backend, ids, (pointer) => {
    const args = [from, pointer, sum.pointer, count, rows as number, width];
    backend.execute('scatterRows', args, (rows as number) * width >= parallelElements);
  });
  return [sum.info];
};

const adamw: Kernel = (backend, { p, g, m, v }, attrs) => {
  const given = [p, g, m, v].map((info) => backend.locate(info));
  const results = [p, m, v].map((like) => backend.output(like.shape));
  const count = sizeOf(p);
  const constants = Object.values(attrs).map((value) => floatBits(value as number));
  const args = [...given, ...results.map((r) => r.pointer), count, ...constants];
  backend.execute('adamw', args, count >= parallelElements);
  return results.map((r) => r.info);
};

const squareSums: Kernel = (backend, inputs) => {
  const { heap, threads } = backend.machine;
  const tensors = Object.values(inputs);
  const parts = heap.allocate(8 * threads * tensors.length);
  // No instruction needs the one before it: the threads meet at the last only.
  const program = tensors.flatMap((info, i) => {
    const args = [backend.locate(info), sizeOf(info), parts + 8 * threads * i];
    return instruction('squareSum', args, i < tensors.length - 1);
  });
  backend.machine.run(program, threads);
  const sums = backend.output([tensors.length]);
  const all = new Float64Array(heap.memory.buffer, parts, threads * tensors.length);
  for (let i = 0; i < tensors.length; i++) {
    let sum = 0;
    for (let t = 0; t < threads; t++) sum += all[i * threads + t];
    sums.values[i] = sum;
  }
  heap.free(parts);
  return [sums.info];
};

const kernels: Partial<Record<OwnKernel, Kernel>> = {
  'Ashlar/Norm': norm,
  'Ashlar/NormGrad': normGrad,
  'Ashlar/SiluMul': siluMul,
  'Ashlar/SiluMulGrad': siluMulGrad,
  'Ashlar/SplitHeads': heads(true),
  'Ashlar/JoinHeads': heads(false),
  'Ashlar/Attention': attention,
  'Ashlar/AttentionGrad': attentionGrad,
  'Ashlar/RowCrossEntropy': rowCrossEntropy,
  'Ashlar/RowCrossEntropyGrad': rowCrossEntropyGrad,
  'Ashlar/ScatterRows': scatterRows,
  'Ashlar/AdamW': adamw,
  'Ashlar/SquareSums': squareSums,
};

/** Registers them under the backend's name. */
export function registerTrainKernels(): void {
  for (const [kernelName, kernel] of Object.entries(kernels)) {
    registerKernel({
      kernelName,
      backendName: 'simd',
      kernelFunc: (({ inputs, attrs, backend }: { inputs: Inputs; attrs?: Attrs; backend: object }) =>
        kernel(backend as SimdBackend, inputs, attrs ?? {})) as unknown as KernelConfig['kernelFunc'],
    });
  }
}
