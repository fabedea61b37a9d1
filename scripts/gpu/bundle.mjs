// Bundles a program into one file that needs only Node and, for the backend webgpu, the package `webgpu` in NODE_PATH: for a GPU machine without a network.
//   node scripts/gpu/bundle.mjs webgpu     -> .cache/gpu/webgpu.mjs: conformance and bench of the webgpu executor
//   node scripts/gpu/bundle.mjs train      -> .cache/gpu/train.mjs: the embedded model's trainer
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const entries = { webgpu: ['scripts', 'gpu', 'webgpu.ts'], train: ['scripts', 'embedded-model', 'train.ts'] };
const name = process.argv[2];
if (!Object.hasOwn(entries, name ?? '')) {
  console.error(`program: expected ${Object.keys(entries).join(' or ')}, got ${name}`);
  process.exit(2);
}
const home = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const outfile = join(home, '.cache', 'gpu', `${name}.mjs`);
await mkdir(dirname(outfile), { recursive: true });
const { metafile } = await build({
  entryPoints: [join(home, ...entries[name])],
  outfile,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  conditions: ['@ashlar/source'],
  metafile: true,
  logLevel: 'warning',
  // Peers that these programs never ask for; `webgpu` is found at run time.
  external: [
    '@tensorflow/tfjs-node',
    '@tensorflow/tfjs-node-gpu',
    '@tensorflow/tfjs-backend-wasm',
    '@tensorflow/tfjs-backend-webgl',
    'webgpu',
    '@huggingface/hub',
    'esbuild',
    'playwright',
  ],
  banner: {
    js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
  },
});
console.log(`${outfile}: ${(Object.values(metafile.outputs)[0].bytes / 1e6).toFixed(2)} MB`);
