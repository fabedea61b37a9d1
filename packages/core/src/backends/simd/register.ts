// Registers the backend `simd`: every kernel of tfjs's CPU backend under the new name, the hot ones replaced. A fast kernel may only decline (other
// dtypes, shapes it does not know); then the CPU kernel runs, with its own checks and messages.

import {
  copyRegisteredKernels,
  findBackendFactory,
  getKernelsForBackend,
  type KernelConfig,
  type KernelFunc,
  registerBackend,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
} from '@tensorflow/tfjs-core';
import { checkOptions } from '../../check-options.ts';
import { collapseBroadcast } from './broadcast.ts';
import { type MachineOptions, startMachine } from './machine.ts';
import { elementwiseKinds, reduceKinds } from './program.ts';
import { SimdBackend } from './simd-backend.ts';
import { registerTrainKernels } from './train-kernels.ts';
import { transpose } from './transpose.ts';

type Fast = (
  backend: SimdBackend,
  inputs: Record<string, TensorInfo>,
  attrs: Record<string, unknown>,
) => TensorInfo | undefined;

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const isFloat = (info: TensorInfo | undefined): info is TensorInfo =>
  info !== undefined && info.dtype === 'float32' && size(info.shape) > 0;

// Below these, waking the other threads costs more than they save (about 5 us).
const parallelElements = 1 << 15;
const parallelFlops = 1 << 18;

let running: SimdBackend | undefined;

/**
 * Starts the SIMD machine and registers it with tfjs as the backend `simd`; `chooseBackend('simd')` calls it. Registering twice answers the running one.
 * @param options threads, relaxed SIMD and the width of vectors
 * @returns what runs, in words
 */
export async function registerSimdBackend(options: MachineOptions = {}): Promise<string> {
  checkOptions(options, ['threads', 'relaxed', 'width'], 'registerSimdBackend');
  if (running === undefined || findBackendFactory('simd') == null) {
    const backend = new SimdBackend(await startMachine(options));
    running = backend;
    if (getKernelsForBackend('simd').length === 0) {
      registerKernels();
      registerTrainKernels();
    }
    registerBackend('simd', () => backend, 2);
  }
  const { threads, relaxed, width } = (running as SimdBackend).machine;
  const vectors = `WASM ${relaxed ? 'relaxed ' : ''}SIMD${width === 256 ? ' in 256 bits' : ''}`;
  return `${vectors}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
}

function registerKernels(): void {
  copyRegisteredKernels('cpu', 'simd');
  for (const kernel of getKernelsForBackend('simd')) {
    const fast = kernels[kernel.kernelName];
    const slow = kernel.kernelFunc;
    unregisterKernel(kernel.kernelName, 'simd');
    registerKernel({
      ...kernel,
      kernelFunc: fast === undefined ? owned(slow) : choose(fast, slow),
    } as KernelConfig);
  }
}

// What a CPU kernel answers may be a view of its input's memory: make it independent.
const owned =
  (slow: KernelFunc): KernelFunc =>
  (args) => {
    const result = slow(args);
    for (const info of Array.isArray(result) ? result : [result]) {
      if (info?.dataId !== undefined && info.dtype !== 'string') (args.backend as SimdBackend).own(info);
    }
    return result;
  };

const choose =
  (fast: Fast, slow: KernelFunc): KernelFunc =>
  (args) =>
    fast(
      args.backend as SimdBackend,
      args.inputs as Record<string, TensorInfo>,
      (args.attrs ?? {}) as Record<string, unknown>,
    ) ?? owned(slow)(args);

const binary =
  (kind: number): Fast =>
  (backend, { a, b }) => {
    if (!isFloat(a) || !isFloat(b)) return undefined;
    const plan = collapseBroadcast(a.shape, b.shape);
    if (plan === undefined) return undefined;
    const pointers = [backend.locate(a), backend.locate(b)];
    const out = backend.output(plan.shape);
    const args = [kind, ...pointers, out.pointer, ...plan.dims, ...plan.stridesA, ...plan.stridesB];
    backend.execute('elementwise', args, out.values.length >= parallelElements);
    return out.info;
  };

const unary =
  (kind: number): Fast =>
  (backend, { x }) => {
    if (!isFloat(x)) return undefined;
    const pointer = backend.locate(x);
    const out = backend.output(x.shape);
    const n = out.values.length;
    const args = [kind, pointer, pointer, out.pointer, 1, 1, 1, n, 0, 0, 0, 1, 0, 0, 0, 1];
    backend.execute('elementwise', args, n >= parallelElements);
    return out.info;
  };

function multiply(
  backend: SimdBackend,
  a: TensorInfo,
  b: TensorInfo,
  transposeA: boolean,
  transposeB: boolean,
  bias?: TensorInfo,
) {
  const [rankA, rankB] = [a.shape.length, b.shape.length];
  const [rowsA, colsA] = [a.shape[rankA - 2] as number, a.shape[rankA - 1] as number];
  const [rowsB, colsB] = [b.shape[rankB - 2] as number, b.shape[rankB - 1] as number];
  const [m, k] = transposeA ? [colsA, rowsA] : [rowsA, colsA];
  const [k2, n] = transposeB ? [colsB, rowsB] : [rowsB, colsB];
  const batchA = a.shape.slice(0, -2);
  const batchB = b.shape.slice(0, -2);
  const [countA, countB] = [size(batchA), size(batchB)];
  // Batches are equal or one side has none; anything between is rare, and the CPU kernel knows it.
  const equal = batchA.length === batchB.length && batchA.every((d, i) => d === batchB[i]);
  if (k !== k2 || !(equal || countA === 1 || countB === 1)) return undefined;
  if (bias !== undefined && !(isFloat(bias) && size(bias.shape) === n)) return undefined;
  const batchShape =
    countA >= countB ? (countA === countB && batchB.length > batchA.length ? batchB : batchA) : batchB;
  const batch = Math.max(countA, countB);
  const [pa, pb, pBias] = [
    backend.locate(a),
    backend.locate(b),
    bias === undefined ? 0 : backend.locate(bias),
  ];
  const out = backend.output([...batchShape, m, n]);
  // With one B for the whole batch, the batch is just more rows.
  const flat = countB === 1 && !transposeA;
  const [rows, items] = flat ? [m * batch, 1] : [m, batch];
  const strides = [countA === 1 ? 0 : m * k, countB === 1 ? 0 : k * n, m * n];
  const sizes = [rows, k, n, transposeA ? 1 : 0, transposeB ? 1 : 0, items, ...strides];
  backend.execute(
    'gemm',
    [pa, pb, out.pointer, ...sizes, pBias, ...backend.gemmScratch],
    batch * m * k * n >= parallelFlops,
  );
  return out.info;
}

const matMul: Fast = (backend, { a, b }, { transposeA, transposeB }) =>
  isFloat(a) && isFloat(b) ? multiply(backend, a, b, transposeA === true, transposeB === true) : undefined;

const fusedMatMul: Fast = (backend, { a, b, bias, preluActivationWeights }, attrs) => {
  const plain = (attrs['activation'] ?? 'linear') === 'linear' && preluActivationWeights == null;
  if (!plain || !isFloat(a) || !isFloat(b)) return undefined;
  return multiply(
    backend,
    a,
    b,
    attrs['transposeA'] === true,
    attrs['transposeB'] === true,
    bias ?? undefined,
  );
};

const rowWise =
  (log: boolean): Fast =>
  (backend, { logits }, { dim }) => {
    if (!isFloat(logits)) return undefined;
    const rank = logits.shape.length;
    if (dim !== undefined && (dim as number) !== rank - 1 && (dim as number) !== -1) return undefined;
    const inner = logits.shape[rank - 1] ?? 1;
    const pointer = backend.locate(logits);
    const out = backend.output(logits.shape);
    const n = out.values.length;
    backend.execute(
      'softmax',
      [pointer, out.pointer, n / inner, inner, log ? 1 : 0],
      n >= parallelElements / 4,
    );
    return out.info;
  };

const reduction =
  (kind: 'sum' | 'mean' | 'max'): Fast =>
  (backend, { x }, attrs) => {
    if (!isFloat(x)) return undefined;
    const axis = kind === 'max' ? attrs['reductionIndices'] : attrs['axis'];
    const keepDims = attrs['keepDims'];
    const rank = x.shape.length;
    const all = x.shape.map((_, i) => i);
    const given =
      axis === undefined || axis === null ? all : Array.isArray(axis) ? (axis as number[]) : [axis as number];
    const axes = (given.length === 0 ? all : given).map((i) => (i < 0 ? i + rank : i)).sort((i, j) => i - j);
    const shape =
      keepDims === true
        ? x.shape.map((d, i) => (axes.includes(i) ? 1 : d))
        : x.shape.filter((_, i) => !axes.includes(i));
    const trailing = axes.every((i, j) => i === rank - axes.length + j);
    const leading = axes.every((i, j) => i === j);
    if (!trailing && !(leading && kind === 'sum')) return undefined;
    const reduced = axes.reduce((n, i) => n * (x.shape[i] as number), 1);
    const kept = size(x.shape) / reduced;
    const pointer = backend.locate(x);
    const out = backend.output(shape);
    const dims = trailing ? [kept, reduced, reduceKinds[kind]] : [reduced, kept, reduceKinds.sumRows];
    backend.execute('reduce', [pointer, out.pointer, ...dims], kept > 1 && size(x.shape) >= parallelElements);
    return out.info;
  };

const permute: Fast = (backend, { x }, { perm }) => {
  if (!isFloat(x)) return undefined;
  const order = perm as number[];
  const out = backend.output(order.map((axis) => x.shape[axis] as number));
  transpose(backend.view(x) as Float32Array, x.shape, order, out.values);
  return out.info;
};

const gather: Fast = (backend, { x, indices }, { axis, batchDims }) => {
  if (
    !isFloat(x) ||
    indices === undefined ||
    size(indices.shape) === 0 ||
    (axis ?? 0) !== 0 ||
    (batchDims ?? 0) !== 0
  )
    return undefined;
  const rows = x.shape[0] as number;
  const width = size(x.shape) / rows;
  const ids = backend.view(indices);
  for (const id of ids) if (!(id >= 0 && id < rows)) return undefined; // the CPU kernel has the message
  const values = backend.view(x) as Float32Array;
  const out = backend.output([...indices.shape, ...x.shape.slice(1)]);
  for (let i = 0; i < ids.length; i++) {
    const at = (ids[i] as number) * width;
    out.values.set(values.subarray(at, at + width), i * width);
  }
  return out.info;
};

const slice: Fast = (backend, { x }, { begin, size: sizes }) => {
  if (!isFloat(x)) return undefined;
  const rank = x.shape.length;
  const starts = typeof begin === 'number' ? [begin] : (begin as number[]);
  const wanted = typeof sizes === 'number' ? [sizes] : (sizes as number[]);
  if (rank === 0 || starts.length !== rank || wanted.length !== rank) return undefined;
  const shape = x.shape.map((d, i) => (wanted[i] === -1 ? d - (starts[i] as number) : (wanted[i] as number)));
  if (
    shape.some(
      (d, i) => d <= 0 || (starts[i] as number) < 0 || (starts[i] as number) + d > (x.shape[i] as number),
    )
  )
    return undefined;
  const values = backend.view(x) as Float32Array;
  const out = backend.output(shape);
  // The longest run that lies together: everything after the last cut dimension.
  let cut = rank - 1;
  while (cut > 0 && shape[cut] === x.shape[cut]) cut--;
  const width = size(x.shape.slice(cut + 1));
  const run = (shape[cut] as number) * width;
  const counters = shape.slice(0, cut).map(() => 0);
  const strides = x.shape.map((_, i) => size(x.shape.slice(i + 1)));
  for (let at = 0; at < out.values.length; at += run) {
    let from = (starts[cut] as number) * width;
    for (let i = 0; i < cut; i++)
      from += ((counters[i] as number) + (starts[i] as number)) * (strides[i] as number);
    out.values.set(values.subarray(from, from + run), at);
    for (let i = cut - 1; i >= 0; i--) {
      if (++(counters[i] as number) < (shape[i] as number)) break;
      counters[i] = 0;
    }
  }
  return out.info;
};

const k = elementwiseKinds;
const kernels: Readonly<Record<string, Fast>> = {
  BatchMatMul: matMul,
  _FusedMatMul: fusedMatMul,
  Add: binary(k.add),
  Sub: binary(k.sub),
  Multiply: binary(k.mul),
  RealDiv: binary(k.div),
  Maximum: binary(k.max),
  Minimum: binary(k.min),
  SquaredDifference: binary(k.squaredDifference),
  Neg: unary(k.neg),
  Exp: unary(k.exp),
  Log: unary(k.log),
  Sigmoid: unary(k.sigmoid),
  Tanh: unary(k.tanh),
  Relu: unary(k.relu),
  Sqrt: unary(k.sqrt),
  Rsqrt: unary(k.rsqrt),
  Square: unary(k.square),
  Reciprocal: unary(k.reciprocal),
  Abs: unary(k.abs),
  Softmax: rowWise(false),
  LogSoftmax: rowWise(true),
  Sum: reduction('sum'),
  Mean: reduction('mean'),
  Max: reduction('max'),
  Transpose: permute,
  GatherV2: gather,
  Slice: slice,
};
