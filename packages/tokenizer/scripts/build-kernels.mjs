// The kernels of this package, on memories of their own: encoding text (src/engine).
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
