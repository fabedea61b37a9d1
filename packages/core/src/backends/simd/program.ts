// The instruction words of vm.as.ts: `[opcode, length, ...args]`.
const opcodes = { gemm: 1, elementwise: 2, softmax: 3, reduce: 4 } as const;

/** An instruction's name in the machine. */
export type Opcode = keyof typeof opcodes;

/** One instruction as words; args are addresses, sizes and flags. */
export const instruction = (name: Opcode, args: readonly number[]): number[] => [
  opcodes[name],
  args.length + 2,
  ...args,
];

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
