// On whatever adapter Dawn finds; skipped where the peer or an adapter is missing.
import { beforeAll, describe } from 'vitest';
import { allowSwiftShader, peers } from '../../../../../peers/modules.ts';
import { chooseBackend } from '../../backends/choose.ts';
import { fusedKernelsContract } from '../fused-kernels.contract.ts';

allowSwiftShader();
const started = await chooseBackend('webgpu', { peers }).then(
  () => true,
  () => false,
);

describe.skipIf(!started)('webgpu', () => {
  beforeAll(() => chooseBackend('webgpu', { peers }));
  fusedKernelsContract('webgpu', [
    'Ashlar/Norm',
    'Ashlar/SiluMul',
    'Ashlar/SplitHeads',
    'Ashlar/JoinHeads',
    'Ashlar/MaskedSoftmax',
    'Ashlar/RowCrossEntropy',
    'Ashlar/ScatterRows',
    'Ashlar/AdamW',
    'Ashlar/SquareSums',
  ]);
});
