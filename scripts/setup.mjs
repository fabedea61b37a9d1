// Sets up a bare clone with nothing but Node >= 20 and npm: `npm run demo` and `npm test` call it first. It installs the
// workspace through pnpm (taken from the npm registry by npx when it is not on the PATH) and does nothing when nothing changed.
//   node scripts/setup.mjs            packages, examples, conformance, test tools
//   node scripts/setup.mjs --peers    also the heavy optional peers (webgpu, tfjs-node-gpu)
//   node scripts/setup.mjs --bench    also the peers that benches compare with
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const [major] = process.versions.node.split('.').map(Number);
if (major < 20) {
  console.error(`Node: expected >= 20, got ${process.versions.node}`);
  process.exit(1);
}

const optional = ['bench', 'peers'];
const wanted = optional.filter((name) => process.argv.includes(`--${name}`));
const stampFile = join(root, 'node_modules', '.ashlar-setup.json');
const stamp = existsSync(stampFile) ? JSON.parse(readFileSync(stampFile, 'utf8')) : {};
for (const name of optional) if (stamp.groups?.includes(name) && !wanted.includes(name)) wanted.push(name);
const lock = createHash('sha256')
  .update(readFileSync(join(root, 'pnpm-lock.yaml')))
  .digest('hex');
const done = stamp.lock === lock && wanted.every((name) => stamp.groups?.includes(name));

if (!done) {
  const left = optional
    .filter((name) => !wanted.includes(name))
    .flatMap((name) => ['--filter', `!./${name}`]);
  const args = [
    'install',
    '--frozen-lockfile',
    '--prefer-offline',
    '--reporter=append-only',
    '--loglevel=warn',
    ...left,
  ];
  const version = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).packageManager;
  console.log('Ashlar: setting up (once)...');
  const windows = process.platform === 'win32';
  const result = spawnSync('npx', ['--yes', version, ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: windows,
  });
  if (result.status !== 0) process.exit(result.status ?? 1);
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, JSON.stringify({ lock, groups: wanted }));
}

// Kernels are compiled from their AssemblyScript sources; a no-op when they are up to date.
for (const name of readdirSync(join(root, 'packages'))) {
  const script = join(root, 'packages', name, 'scripts', 'build-kernels.mjs');
  if (!existsSync(script)) continue;
  const kernels = spawnSync(process.execPath, [script], { stdio: ['ignore', 'inherit', 'inherit'] });
  if (kernels.status !== 0) process.exit(kernels.status ?? 1);
}
