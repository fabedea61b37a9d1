// Writes test/bundle-size.json: each entry's gzipped bytes today and a little headroom. Only for a commit that grows an entry on purpose.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const ceilings = {};
for (const name of readdirSync(join(root, 'packages'))) {
  const { exports } = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'));
  for (const [entry, target] of Object.entries(exports)) {
    if (typeof target === 'string') continue;
    const { outputFiles } = await build({
      entryPoints: [join(root, 'packages', name, target['@ashlar/source'])],
      bundle: true,
      write: false,
      minify: true,
      format: 'esm',
      packages: 'external',
      conditions: ['@ashlar/source'],
      logLevel: 'silent',
    });
    const bytes = gzipSync(outputFiles[0].contents).length;
    ceilings[`@ashlar/${name}${entry.slice(1)}`] = Math.ceil((bytes * 1.03 + 40) / 100) * 100;
  }
}
writeFileSync(join(root, 'test', 'bundle-size.json'), `${JSON.stringify(ceilings, null, 2)}\n`);
console.log(ceilings);
