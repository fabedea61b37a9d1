import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll } from 'vitest';
import { fusedKernelsContract } from '../../ops/fused-kernels.contract.ts';
import { registerSimdBackend } from './register.ts';

beforeAll(() => registerSimdBackend({ threads: 2 }));
afterAll(() => tf.setBackend('cpu'));

fusedKernelsContract('simd', [
  'Ashlar/Norm',
  'Ashlar/SiluMul',
  'Ashlar/SplitHeads',
  'Ashlar/JoinHeads',
  'Ashlar/Attention',
  'Ashlar/RowCrossEntropy',
  'Ashlar/ScatterRows',
  'Ashlar/AdamW',
  'Ashlar/SquareSums',
]);
