// `pnpm bench NAME [--json]`: installs the peers of bench/ on first use, then runs bench/run.ts on the sources.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const setup = spawnSync(process.execPath, [join(root, 'scripts', 'setup.mjs'), '--bench'], {
  stdio: ['ignore', 2, 2],
});
if (setup.status !== 0) process.exit(setup.status ?? 1);
const flags = ['--expose-gc', '--conditions=@ashlar/source', '--import', 'tsx'];
const run = spawnSync(process.execPath, [...flags, join(root, 'bench', 'run.ts'), ...process.argv.slice(2)], {
  stdio: 'inherit',
  cwd: root,
});
process.exit(run.status ?? 1);
