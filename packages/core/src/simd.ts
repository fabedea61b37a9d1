// The sub-path @ashlar/core/simd: this package's own WASM SIMD backend for tfjs (peer: @tensorflow/tfjs-backend-cpu, whose kernels it falls back to).
export type { MachineOptions } from './backends/simd/machine.ts';
export { registerSimdBackend } from './backends/simd/register.ts';
