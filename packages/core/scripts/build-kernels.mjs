// The kernels of the simd backend: two binaries, plain SIMD and relaxed SIMD, on a memory that workers share.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileKernels } from '../../../scripts/compile-kernels.mjs';

const script = fileURLToPath(import.meta.url);

compileKernels({
  script,
  home: join(dirname(script), '..', 'src', 'backends', 'simd'),
  entry: 'vm.as.ts',
  isPacked: true,
  flags: [
    ...['--enable', 'simd', '--enable', 'threads', '--importMemory', '--sharedMemory'],
    ...['--initialMemory', '64', '--maximumMemory', '65536', '--memoryBase', '4096'],
  ],
  variants: [
    { name: 'plain', title: 'The plain SIMD kernels', flags: [] },
    { name: 'relaxed', title: 'The relaxed SIMD kernels', flags: ['--enable', 'relaxed-simd'] },
  ],
});
