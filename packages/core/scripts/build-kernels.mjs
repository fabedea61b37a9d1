// Compiles the AssemblyScript kernels of the simd backend into two binaries (plain SIMD, relaxed SIMD) and writes them as TypeScript modules, so
// that they ship inside the package and load the same way in Node, in bundles and in pages. Does nothing when the sources are unchanged. The sources'
// fingerprint is committed (kernels-fingerprint.ts) and stands in the built modules too: a build of other sources is refused when it is loaded.
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
const fingerprint = hash.digest('hex').slice(0, 16);
const stamp = `// sources ${fingerprint}\n`;

const variants = [
  { name: 'plain', flags: [] },
  { name: 'relaxed', flags: ['--enable', 'relaxed-simd'] },
];
mkdirSync(generated, { recursive: true });
const committed = join(home, 'kernels-fingerprint.ts');
const line = `/** Of the sources in \`kernels/\`; written by scripts/build-kernels.mjs. */\nexport const kernelsFingerprint = '${fingerprint}';\n`;
if (!existsSync(committed) || readFileSync(committed, 'utf8') !== line) writeFileSync(committed, line);
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
  const body = `export const sources = '${fingerprint}';\n/** The ${name} SIMD kernels, gzipped: ${bytes.length} bytes of WebAssembly. */\nexport const binary =\n  '${gzipSync(bytes, { level: 9 }).toString('base64')}';\n`;
  writeFileSync(target, stamp + body);
}
