import type { BackendOptions, BackendStarter } from './backend.ts';
import { BackendUnavailableError } from './errors.ts';
import { importInNode, inNode, loadPeer } from './peer.ts';

// tfjs-node and tfjs-node-gpu run libtensorflow. Two facts shape this file: their kernels call util.isNullOrUndefined, which Node 23 removed
// (the fix was merged in 2025 and never released), and they print a banner that users did not ask for.

interface NodePeer {
  readonly version?: { readonly 'tfjs-node'?: string };
  readonly node?: { backend?: unknown };
}

const packages = ['tfjs-node-gpu', 'tfjs-node'] as const;

/** libtensorflow through tfjs-node-gpu or else tfjs-node; CUDA where its own install has put it, else all CPU cores. */
export const tensorflow: BackendStarter = {
  async start(options) {
    if (!inNode())
      throw new BackendUnavailableError('tensorflow', 'it runs in Node only', 'Use "webgpu" in a page');
    await restoreRemovedNodeFunctions();
    const { name, gpu, version } = await loadFirst(options);
    const device = `${name}${version === undefined ? '' : ` ${version}`} (${gpu ? 'CUDA' : 'CPU'})`;
    return { device, ...(gpu ? {} : { reservation: 'it found no GPU' }) };
  },
};

async function loadFirst(
  options: BackendOptions,
): Promise<{ name: string; gpu: boolean; version: string | undefined }> {
  const problems: string[] = [];
  for (const name of packages) {
    try {
      const packageName = `@tensorflow/${name}`;
      const load = () => importInNode(packageName);
      const peer = await loadPeer<NodePeer & { default?: NodePeer }>(
        'tensorflow',
        packageName,
        options.peers?.[name],
        load,
      );
      const module = peer.node === undefined && peer.default !== undefined ? peer.default : peer;
      return { name, gpu: usesGpu(module), version: module.version?.['tfjs-node'] };
    } catch (error) {
      problems.push((error as Error).message);
    }
  }
  const remedy =
    'Install one: npm install @tensorflow/tfjs-node-gpu (CUDA) or @tensorflow/tfjs-node (CPU); see docs/tensorflow.md';
  throw new BackendUnavailableError('tensorflow', `neither package loads: ${problems.join('; ')}`, remedy);
}

function usesGpu(module: NodePeer): boolean {
  const backend = module.node?.backend as { isUsingGpuDevice?: boolean } | undefined;
  return backend?.isUsingGpuDevice === true;
}

async function restoreRemovedNodeFunctions(): Promise<void> {
  const { default: util } = (await importInNode('node:util')) as { default: Record<string, unknown> };
  util['isNullOrUndefined'] ??= (value: unknown) => value === null || value === undefined;
  util['isArray'] ??= Array.isArray;
}
