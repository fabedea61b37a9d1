// Bundles conformance and bench of the webgpu executor into one file that needs only Node and the package `webgpu` (NODE_PATH): for a GPU machine without a network.
//   node scripts/gpu/bundle.mjs            -> .cache/gpu/webgpu.mjs
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const home = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const outfile = join(home, '.cache', 'gpu', 'webgpu.mjs');
await mkdir(dirname(outfile), { recursive: true });
const { metafile } = await build({
  entryPoints: [join(home, 'scripts', 'gpu', 'webgpu.ts')],
  outfile,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  conditions: ['@ashlar/source'],
  metafile: true,
  logLevel: 'warning',
  external: [
    '@tensorflow/tfjs-node',
    '@tensorflow/tfjs-node-gpu',
    '@tensorflow/tfjs-backend-wasm',
    '@tensorflow/tfjs-backend-webgl',
    'webgpu',
    '@huggingface/hub',
  ],
  banner: {
    js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
  },
});
console.log(`${outfile}: ${(Object.values(metafile.outputs)[0].bytes / 1e6).toFixed(2)} MB`);
