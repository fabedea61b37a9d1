import type { BackendOptions, BackendStarter } from './backend.ts';
import { type BufferManagerLike, boundBuffers } from './bounded-buffers.ts';
import {
  BackendUnavailableError,
  DeviceLostError,
  DeviceValidationError,
  OutOfMemoryError,
} from './errors.ts';
import { asError, importInNode, inNode, loadPeer } from './peer.ts';

// tfjs's WebGPU backend over a device that we make ourselves: with the optional features that our own kernels use, with the adapter's real
// limits instead of the defaults, and with its errors kept (tfjs leaves them on the console and returns zeros). In Node the device comes from
// the optional peer `webgpu` (Dawn), whose globals must be in place before the tfjs backend is imported.

interface Peer {
  readonly WebGPUBackend: new (
    device: GPUDevice,
    info?: GPUAdapterInfo,
  ) => import('@tensorflow/tfjs-core').KernelBackend;
}
interface Dawn {
  create(flags: readonly string[]): GPU;
  readonly globals: Record<string, unknown>;
}

const wantedFeatures = ['shader-f16', 'subgroups', 'timestamp-query', 'bgra8unorm-storage'] as const;
const wantedLimits = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
] as const;

const retired = new WeakSet<GPUDevice>(); // devices that we replaced ourselves: their loss is no news
const instances = new Map<string, GPU>(); // Dawn's instances by their flags: they must stay referenced for as long as their devices live.
let current:
  | {
      readonly device: GPUDevice;
      readonly description: string;
      readonly software: boolean;
      readonly packedProducts: boolean;
      readonly flags: string | undefined;
      readonly problems: Error[];
    }
  | undefined;

/** WebGPU in the browser, and in Node through the optional peer `webgpu` (Dawn). */
export const webgpu: BackendStarter = {
  async start(options) {
    const flags = options.dawnFlags?.join();
    const other = inNode() && flags !== undefined && flags !== current?.flags;
    if (current === undefined || other || current.problems.some((p) => p instanceof DeviceLostError))
      current = await makeDevice(options);
    const { description, software, problems } = current;
    const reservation =
      software && options.allowSoftwareGpu !== true
        ? { reservation: `${description} is a software adapter` }
        : {};
    return {
      device: description,
      ...reservation,
      check: () => {
        const problem = problems.find((p) => p instanceof DeviceLostError) ?? problems.shift();
        if (problem !== undefined) throw problem;
      },
    };
  },
};

/** The device under the webgpu backend, for kernels that record their own passes; undefined before the backend has started. */
export const webgpuDevice = (): GPUDevice | undefined => current?.device;

/** True when `device` is a program on the CPU (SwiftShader, lavapipe): other kernels are fastest there. */
export const isSoftwareDevice = (device: GPUDevice): boolean =>
  current?.device === device && current.software;

/** True when the language of `device` multiplies four integers of a word at a time. */
export const hasPackedProducts = (device: GPUDevice): boolean =>
  current?.device === device && current.packedProducts;

/** The adapter's own words for itself; empty for a device that is not ours. */
export const deviceName = (device: GPUDevice): string =>
  current?.device === device ? current.description : '';

async function makeDevice(options: BackendOptions): Promise<NonNullable<typeof current>> {
  const gpu = await findGpu(options);
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) {
    throw new BackendUnavailableError(
      'webgpu',
      'no GPU adapter was found',
      'Check the driver (Vulkan on Linux), or use "wasm"',
    );
  }
  const requiredFeatures = wantedFeatures.filter((feature) => adapter.features.has(feature));
  const requiredLimits = Object.fromEntries(
    wantedLimits.flatMap((limit) =>
      adapter.limits[limit] === undefined ? [] : [[limit, adapter.limits[limit]]],
    ),
  );
  const device = await adapter.requestDevice({
    requiredFeatures: requiredFeatures as GPUFeatureName[],
    requiredLimits,
  });
  hoistEnableDirectives(device);
  const problems: Error[] = [];
  device.addEventListener('uncapturederror', (event) => {
    const { error } = event as GPUUncapturedErrorEvent;
    const outOfMemory = error.constructor.name === 'GPUOutOfMemoryError';
    problems.push(
      outOfMemory ? new OutOfMemoryError(error.message) : new DeviceValidationError(error.message),
    );
  });
  void device.lost.then((info) => {
    if (!retired.has(device)) problems.push(new DeviceLostError(`the GPU device was lost: ${info.message}`));
  });
  const info = adapter.info;
  const description =
    [info?.vendor, info?.architecture, info?.device, info?.description].filter((s) => s).join(' ') ||
    'WebGPU';
  const software =
    info?.isFallbackAdapter === true || /swiftshader|llvmpipe|lavapipe|software|cpu|null/i.test(description);

  const { removeBackend, registerBackend, findBackendFactory } = await import('@tensorflow/tfjs-core');
  const name = '@tensorflow/tfjs-backend-webgpu';
  const { WebGPUBackend } = await loadPeer<Peer>(
    'webgpu',
    name,
    options.peers?.['tfjs-backend-webgpu'],
    loadPackage,
  );
  if (current !== undefined) retired.add(current.device);
  if (findBackendFactory('webgpu') != null) removeBackend('webgpu');
  const make = () => {
    const backend = new WebGPUBackend(device, info);
    boundBuffers((backend as unknown as { bufferManager: BufferManagerLike }).bufferManager);
    return backend;
  };
  registerBackend('webgpu', make, 3);
  const { registerWebgpuKernels } = await import('../ops/webgpu/register.ts');
  registerWebgpuKernels();
  const packedProducts = gpu.wgslLanguageFeatures?.has('packed_4x8_integer_dot_product') === true;
  return { device, description, software, packedProducts, flags: options.dawnFlags?.join(), problems };
}

async function findGpu(options: BackendOptions): Promise<GPU> {
  if (!inNode()) {
    const gpu = globalThis.navigator?.gpu;
    if (gpu === undefined)
      throw new BackendUnavailableError(
        'webgpu',
        'this browser has no WebGPU',
        'Use "simd", "webgl" or "wasm"',
      );
    return gpu;
  }
  const flags = options.dawnFlags ?? [];
  let instance = instances.get(flags.join());
  if (instance === undefined) {
    const dawn = await loadPeer<Dawn>('webgpu', 'webgpu', options.peers?.webgpu, () =>
      importInNode('webgpu'),
    );
    Object.assign(globalThis, dawn.globals);
    instance = dawn.create(flags);
    instances.set(flags.join(), instance);
  }
  // Node >= 21 has a getter-only navigator: define over it.
  const navigator = Object.create(globalThis.navigator ?? null, { gpu: { value: instance } });
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true, writable: true });
  return instance;
}

// `enable f16;` must come before everything else in a module, but tfjs appends a program's own code last: move such lines up.
function hoistEnableDirectives(device: GPUDevice): void {
  const original = device.createShaderModule.bind(device);
  const directive = /^\s*enable\s+[\w, ]+;\s*$/gm;
  device.createShaderModule = (descriptor) => {
    const found = descriptor.code.match(directive);
    if (found === null) return original(descriptor);
    const head = [...new Set(found.map((line) => line.trim()))].join('\n');
    return original({ ...descriptor, code: `${head}\n${descriptor.code.replace(directive, '')}` });
  };
}

async function loadPackage(): Promise<unknown> {
  try {
    return await import('@tensorflow/tfjs-backend-webgpu');
  } catch (error) {
    throw asError(error);
  }
}
