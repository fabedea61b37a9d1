// The instruction words of vm.as.ts: `[opcode, length, ...args]`.
export const opcodes = {
  gemm: 1,
  elementwise: 2,
  softmax: 3,
  reduce: 4,
  linear: 5,
  norm: 6,
  quantize: 7,
  activate: 8,
  rope: 9,
  append: 10,
  attend: 11,
  quantizeBytes: 12,
  normGrad: 64,
  siluMul: 65,
  siluMulGrad: 66,
  heads: 67,
  rowCrossEntropy: 68,
  rowCrossEntropyGrad: 69,
  scatterRows: 70,
  adamw: 71,
  squareSum: 72,
  attention: 73,
  attentionGrad: 74,
} as const;

/** An instruction's name in the machine. */
export type Opcode = keyof typeof opcodes;

/** One instruction as words; args are addresses, sizes, flags and float bits. `free`: the next instruction does not wait for this one. */
export const instruction = (name: Opcode, args: readonly number[], free = false): number[] => [
  opcodes[name] | (free ? 0x100 : 0),
  args.length + 2,
  ...args,
];

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

/** A float32's bits as a word. */
export function floatBits(value: number): number {
  float[0] = value;
  return bits[0];
}

/** Kinds of the linear instruction: plain floats, and the packed ones of packed.as.ts. */
export const linearKinds = { F32: 0, Q4: 1, Q8: 2, BF16: 3, F16: 4, K4: 5, K8: 6, Q8M: 7, Q4S: 8 } as const;

/** Added to a linear kind of nibbles: activations of 8 bits. */
export const byteActivations = 16;

/** Kinds of the elementwise instruction. */
export const elementwiseKinds = {
  add: 0,
  sub: 1,
  mul: 2,
  div: 3,
  max: 4,
  min: 5,
  squaredDifference: 6,
  neg: 16,
  exp: 17,
  log: 18,
  sigmoid: 19,
  tanh: 20,
  relu: 21,
  sqrt: 22,
  rsqrt: 23,
  square: 24,
  reciprocal: 25,
  abs: 26,
  copy: 27,
} as const;

/** Kinds of the reduce instruction. */
export const reduceKinds = { sum: 0, mean: 1, max: 2, sumRows: 3 } as const;
