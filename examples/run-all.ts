// Runs every numbered example and compares its last line with the `// last line: ...` it ends with; the count is the last line here.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
let passed = 0;
let failed = 0;
for (const name of readdirSync(here)
  .filter((file) => /^\d\d-.*\.ts$/.test(file))
  .sort()) {
  const file = join(here, name);
  const expected = /\/\/ last line: (.*)\n?$/.exec(readFileSync(file, 'utf8'))?.[1];
  const started = Date.now();
  const args = ['--conditions=@ashlar/source', '--import', 'tsx', file];
  const result = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    timeout: 180_000,
    env: { ...process.env, NO_COLOR: '1' },
  });
  const last = result.stdout.trimEnd().split('\n').at(-1);
  const ok = result.status === 0 && expected !== undefined && last === expected;
  if (ok) passed++;
  else failed++;
  console.log(
    `${ok ? 'ok    ' : 'FAILED'} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s): ${last}`,
  );
  if (!ok)
    console.log(
      `  expected: ${expected ?? 'a comment `// last line: ...` at its end'}\n${result.stdout}${result.stderr}`,
    );
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
