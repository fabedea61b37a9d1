// Where tests, conformance and benches find the heavy optional peers: they are installed in this folder (node scripts/setup.mjs --peers), not
// beside core, as a user would have them; so they are handed to chooseBackend as loaders.

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(import.meta.url);
const load = (specifier: string) => async (): Promise<unknown> => {
  // Node >= 23 lacks util.isNullOrUndefined; chooseBackend restores it before it calls this.
  return import(pathToFileURL(require.resolve(specifier)).href);
};

/** Loaders in the shape of `BackendOptions.peers`. */
export const peers = {
  'tfjs-node-gpu': load('@tensorflow/tfjs-node-gpu'),
  webgpu: load('webgpu'),
} as const;

const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json';

/** Lets Dawn find Chromium's software Vulkan (Debian package `chromium`) where there is no GPU driver; call it before the first WebGPU device. */
export function allowSwiftShader(): boolean {
  if (process.env['VK_ICD_FILENAMES'] !== undefined || process.env['VK_DRIVER_FILES'] !== undefined)
    return true;
  if (!existsSync(swiftShader)) return false;
  process.env['VK_ICD_FILENAMES'] = swiftShader;
  return true;
}

/** True when libtensorflow's binding was built (or downloaded) for the tfjs-node-gpu in this folder. */
export function hasTensorflowBinding(): boolean {
  try {
    const home = join(require.resolve('@tensorflow/tfjs-node-gpu/package.json'), '..');
    return ['napi-v8', 'napi-v9', 'napi-v6'].some((dir) =>
      existsSync(join(home, 'lib', dir, 'tfjs_binding.node')),
    );
  } catch {
    return false;
  }
}
