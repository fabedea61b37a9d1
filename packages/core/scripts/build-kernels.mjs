// Compiles the AssemblyScript kernels of the simd backend into two binaries (plain SIMD, relaxed SIMD) and writes them as TypeScript modules, so
// that they ship inside the package and load the same way in Node, in bundles and in pages. Does nothing when the sources are unchanged.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const home = join(dirname(fileURLToPath(import.meta.url)), '..', 'src', 'backends', 'simd');
const kernels = join(home, 'kernels');
const generated = join(home, 'generated');
const asc = join(
  dirname(createRequire(import.meta.url).resolve('assemblyscript/package.json')),
  'bin',
  'asc.js',
);
const hash = createHash('sha256').update(readFileSync(fileURLToPath(import.meta.url)));
for (const file of readdirSync(kernels).sort()) hash.update(readFileSync(join(kernels, file)));
const stamp = `// sources ${hash.digest('hex')}\n`;

const variants = [
  { name: 'plain', flags: [] },
  { name: 'relaxed', flags: ['--enable', 'relaxed-simd'] },
];
mkdirSync(generated, { recursive: true });
for (const { name, flags } of variants) {
  const target = join(generated, `${name}.ts`);
  if (existsSync(target) && readFileSync(target, 'utf8').startsWith(stamp)) continue;
  const wasm = join(tmpdir(), `ashlar-${process.pid}-${name}.wasm`);
  const fixed = ['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--enable', 'threads'];
  const memory = [
    '--importMemory',
    '--sharedMemory',
    '--initialMemory',
    '64',
    '--maximumMemory',
    '65536',
    '--memoryBase',
    '4096',
  ];
  const result = spawnSync(
    process.execPath,
    [asc, join(kernels, 'vm.as.ts'), '-o', wasm, ...fixed, ...flags, ...memory, '--use', 'abort='],
    { stdio: 'inherit' },
  );
  if (result.status !== 0) process.exit(result.status ?? 1);
  const bytes = readFileSync(wasm);
  rmSync(wasm);
  const body = `/** The ${name} SIMD kernels, gzipped: ${bytes.length} bytes of WebAssembly. */\nexport const ${name} =\n  '${gzipSync(bytes, { level: 9 }).toString('base64')}';\n`;
  writeFileSync(target, stamp + body);
}
