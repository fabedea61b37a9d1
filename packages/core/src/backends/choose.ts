import { ready, setBackend } from '@tensorflow/tfjs-core';
import { checkOptions } from '../check-options.ts';
import {
  type BackendName,
  type BackendOptions,
  type BackendStarter,
  backendNames,
  type ChosenBackend,
} from './backend.ts';
import { cpu } from './cpu.ts';
import { BackendUnavailableError, toBackendError } from './errors.ts';
import { simd } from './simd.ts';
import { tensorflow } from './tensorflow.ts';
import { wasm } from './wasm.ts';
import { webgl } from './webgl.ts';
import { webgpu } from './webgpu.ts';

const known = ['peers', 'wasmPath', 'dawnFlags', 'allowSoftwareGpu', 'threads'];

// What was started last under each name, so that models can ask for the errors of the device they run on.
const checks = new Map<string, () => void>();

/** Throws the typed error of anything that went wrong on the named backend's device since it was last asked; nothing for a backend that was not chosen here. */
export function checkBackend(name: string): void {
  checks.get(name)?.();
}

const starters: Readonly<Record<BackendName, BackendStarter>> = {
  tensorflow,
  webgpu,
  simd,
  webgl,
  wasm,
  cpu,
};

/**
 * Starts a tfjs backend and makes it the current one.
 *
 * `auto` takes the first that is present of: tensorflow with a GPU, webgpu on a real GPU, simd, webgl (pages), wasm, cpu; the answer says what
 * was passed over and why. A backend that is asked for by name and absent is a BackendUnavailableError that says what to install.
 * @param name a backend, or `auto`
 * @returns what runs now; its `name` is tfjs's `getBackend()`
 * @example
 * ```ts
 * import { chooseBackend } from '@ashlar/core';
 * const backend = await chooseBackend('cpu');
 * backend.name // => 'cpu'
 * ```
 */
export async function chooseBackend(
  name: BackendName | 'auto' = 'auto',
  options: BackendOptions = {},
): Promise<ChosenBackend> {
  if (name !== 'auto' && !backendNames.includes(name)) {
    throw new RangeError(`backend: expected auto, ${backendNames.join(', ')}, got ${String(name)}`);
  }
  checkOptions(options, known, 'chooseBackend');
  const { threads } = options;
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1))
    throw new RangeError(`threads: expected an integer >= 1, got ${threads}`);
  const passedOver: string[] = [];
  for (const candidate of name === 'auto' ? backendNames : [name]) {
    try {
      const started = await starters[candidate].start(options);
      if (name === 'auto' && started.reservation !== undefined) {
        passedOver.push(`${candidate}: ${started.reservation}`);
        continue;
      }
      if (!(await setBackend(candidate))) {
        throw new BackendUnavailableError(
          candidate,
          'tfjs could not start it',
          'Its console message says why',
        );
      }
      await ready();
      const check = started.check ?? (() => {});
      checks.set(candidate, check);
      return { name: candidate, device: started.device, passedOver, check };
    } catch (error) {
      if (name !== 'auto') throw toBackendError(error);
      passedOver.push(`${candidate}: ${(error as Error).message}`);
    }
  }
  const remedy = 'Install a tfjs backend: npm install @tensorflow/tfjs-backend-wasm';
  throw new BackendUnavailableError('auto', `none could be started: ${passedOver.join('; ')}`, remedy);
}
