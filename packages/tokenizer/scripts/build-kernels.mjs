// The kernels of this package, on memories of their own: encoding text (src/engine), training (src/trainers).
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileKernels } from '../../../scripts/compile-kernels.mjs';

const script = fileURLToPath(import.meta.url);
const source = join(dirname(script), '..', 'src');

compileKernels({
  script,
  home: join(source, 'engine'),
  entry: 'engine.as.ts',
  isPacked: false,
  flags: ['--enable', 'simd', '--initialMemory', '1', '--memoryBase', '1024'],
  variants: [{ name: 'engine', title: 'The kernels that encode text', flags: [] }],
});

const trainers = {
  script,
  home: join(source, 'trainers'),
  isPacked: false,
  uses: [join(source, 'engine', 'kernels')],
};

compileKernels({
  ...trainers,
  entry: 'trainer.as.ts',
  flags: ['--initialMemory', '8', '--memoryBase', '1024'],
  variants: [{ name: 'trainer', title: 'The kernels that learn merges', flags: [] }],
});

compileKernels({
  ...trainers,
  entry: 'counter.as.ts',
  flags: ['--enable', 'simd', '--initialMemory', '1', '--memoryBase', '1024'],
  variants: [{ name: 'counter', title: 'The kernels that count pieces', flags: [] }],
});
