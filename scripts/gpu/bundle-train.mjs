// Bundles the embedded model's trainer into one file that needs only Node (and, for --backend webgpu, the package `webgpu` in NODE_PATH): for a GPU machine without a network.
//   node scripts/gpu/bundle-train.mjs            -> .cache/gpu/train.mjs
//   NODE_PATH=.../node_modules node train.mjs --backend webgpu --minutes 5 --out FOLDER
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const home = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const outfile = join(home, '.cache', 'gpu', 'train.mjs');
await mkdir(dirname(outfile), { recursive: true });
const { metafile } = await build({
  entryPoints: [join(home, 'scripts', 'embedded-model', 'train.ts')],
  outfile,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  conditions: ['@ashlar/source'],
  minify: true,
  metafile: true,
  logLevel: 'warning',
  // Peers that this program never asks for; `webgpu` is found at run time.
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
