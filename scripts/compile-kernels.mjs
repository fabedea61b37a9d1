// Compiles AssemblyScript into WebAssembly and writes it as TypeScript modules, so that it ships inside the package and loads the same way in Node, in
// bundles and in pages. Does nothing when the sources are unchanged. The sources' fingerprint is committed (kernels-fingerprint.ts) and stands in the
// built modules too: a build of other sources is refused when it is loaded.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const asc = join(
  dirname(createRequire(import.meta.url).resolve('assemblyscript/package.json')),
  'bin',
  'asc.js',
);

/**
 * `home`: the room that holds `kernels/`, its sources; `generated/` is written beside them. `entry`: the source that is compiled, with the others in its
 * room. `variants`: a binary each, of a name and flags of asc. `isPacked`: gzipped (read asynchronously), or as it is (small ones, read at once).
 * `script`: the path of the caller, a part of what the fingerprint is taken of. `uses`: other rooms' sources that are imported.
 */
export function compileKernels({ home, entry, flags, variants, isPacked, script, uses = [] }) {
  const kernels = join(home, 'kernels');
  const generated = join(home, 'generated');
  const hash = createHash('sha256');
  for (const file of [script, fileURLToPath(import.meta.url)]) hash.update(readFileSync(file));
  for (const room of [kernels, ...uses])
    for (const file of readdirSync(room).sort()) hash.update(readFileSync(join(room, file)));
  const fingerprint = hash.digest('hex').slice(0, 16);
  const stamp = `// sources ${fingerprint}\n`;
  mkdirSync(generated, { recursive: true });
  const committed = join(home, 'kernels-fingerprint.ts');
  const line = `/** Of the sources in \`kernels/\`; written by scripts/build-kernels.mjs. */\nexport const kernelsFingerprint = '${fingerprint}';\n`;
  if (!existsSync(committed) || readFileSync(committed, 'utf8') !== line) writeFileSync(committed, line);
  for (const variant of variants) {
    const target = join(generated, `${variant.name}.ts`);
    if (existsSync(target) && readFileSync(target, 'utf8').startsWith(stamp)) continue;
    const wasm = join(tmpdir(), `ashlar-${process.pid}-${variant.name}.wasm`);
    const all = ['-O3', '--noAssert', '--runtime', 'stub', '--use', 'abort=', ...flags, ...variant.flags];
    const result = spawnSync(process.execPath, [asc, join(kernels, entry), '-o', wasm, ...all], {
      stdio: 'inherit',
    });
    if (result.status !== 0) process.exit(result.status ?? 1);
    const bytes = readFileSync(wasm);
    rmSync(wasm);
    const shown = isPacked ? gzipSync(bytes, { level: 9 }) : bytes;
    const what = `${variant.title}${isPacked ? ', gzipped' : ''}: ${bytes.length} bytes of WebAssembly`;
    const body = `export const sources = '${fingerprint}';\n/** ${what}. */\nexport const binary =\n  '${shown.toString('base64')}';\n`;
    writeFileSync(target, stamp + body);
  }
}
