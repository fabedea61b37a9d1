// Builds every package: types by `tsc -b`, JavaScript by tsup, then whatever a package adds itself (scripts/build-assets.mjs in the package).
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const bin = (name) => join(root, 'node_modules', '.bin', name);
const step = (command, args) => {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (result.status !== 0) process.exit(result.status ?? 1);
};
const packages = readdirSync(join(root, 'packages'));
for (const name of packages) rmSync(join(root, 'packages', name, 'dist'), { recursive: true, force: true });
step(bin('tsc'), ['-b', ...packages.map((name) => `packages/${name}`)]);
step(bin('tsup'), ['--silent']);
for (const name of packages) {
  const extra = join(root, 'packages', name, 'scripts', 'build-assets.mjs');
  if (existsSync(extra)) step(process.execPath, [extra]);
}
