// What a user would find wrong with a published package: publint, are-the-types-wrong, and exports that point at
// nothing. Run after scripts/build.mjs.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const bin = (name) => join(root, 'node_modules', '.bin', name);
const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
let failed = 0;
const run = (label, command, args, cwd) => {
  const result = spawnSync(command, args, { cwd, encoding: 'utf8', shell: process.platform === 'win32' });
  if (result.status === 0) return console.log(`ok      ${label}`);
  failed++;
  console.log(`FAILED  ${label}\n${result.stdout}${result.stderr}`);
};

const tarballs = mkdtempSync(join(tmpdir(), 'ashlar-pack-'));
for (const name of readdirSync(join(root, 'packages'))) {
  const home = join(root, 'packages', name);
  const { exports } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
  for (const [entry, target] of Object.entries(exports)) {
    for (const path of typeof target === 'string' ? [target] : Object.values(target)) {
      if (!existsSync(join(home, path))) {
        failed++;
        console.log(`FAILED  @ashlar/${name} ${entry}: ${path} does not exist after the build`);
      }
    }
  }
  run(`@ashlar/${name} pack`, 'npx', ['--yes', packageManager, 'pack', '--pack-destination', tarballs], home);
  const tarball = readdirSync(tarballs).find((file) => file.startsWith(`ashlar-${name}-`));
  if (tarball === undefined) continue;
  const packed = spawnSync('tar', ['-tzf', tarball], { cwd: tarballs, encoding: 'utf8' }).stdout.split('\n');
  const forTests = packed.filter((path) => /contract\.|\.test\.|\/fixtures\//.test(path));
  if (packed.length < 10 || forTests.length > 0) {
    failed++;
    console.log(
      `FAILED  @ashlar/${name}: expected no file that only tests need, got ${forTests.join(', ') || packed}`,
    );
  }
  run(`@ashlar/${name} publint`, bin('publint'), ['--strict', join(tarballs, tarball)], home);
  run(
    `@ashlar/${name} attw`,
    bin('attw'),
    [join(tarballs, tarball), '--profile', 'esm-only', '--no-emoji'],
    home,
  );
}
rmSync(tarballs, { recursive: true, force: true });
console.log(failed === 0 ? 'packaging: all good' : `packaging: ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
