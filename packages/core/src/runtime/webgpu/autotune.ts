// The cut of a product for one row, chosen by measuring: a few candidates for each class of product that a model has, on its own matrices, once for an adapter. All candidates compute the same
// sums in another order of threads, so a wrong measurement costs time and nothing else. Whatever cannot be measured keeps the default.
import type { ModelConfig } from '../../models/model-config.ts';
import type { DeviceMatrix, MatrixPart } from './device-matrix.ts';
import { createDeviceMemory } from './device-memory.ts';
import type { DeviceParameters } from './device-parameters.ts';
import { createKernelCache, type KernelCache, passBytes } from './kernel.ts';
import { type GemvTuning, gemvKernel } from './kernels/linear.ts';
import type { LinearTuning, ProductSize } from './linear-tuning.ts';
import { strideOf } from './pass-buffers.ts';
import type { DispatchTimer } from './time-dispatch.ts';
import type { TuningCache } from './tuning-cache.ts';

/** Part of the key that results are kept by: changes with the kernels. */
export const kernelVersion = 1;
/** Less of a gain than this is noise. */
const worthwhile = 0.95;
/** Products smaller than this take the time of a dispatch, however they are cut. */
const smallest = 1 << 16;

/** A product of the model for one row. */
interface Product {
  readonly size: ProductSize;
  readonly matrix: DeviceMatrix;
  readonly part: MatrixPart;
}

/** Where results are kept. */
export const productKey = ({ kind, eights, each, outputs }: ProductSize): string =>
  `${kind} ${eights} ${each} ${outputs}`;

/** Cuts worth trying for a product of one row: the default first. */
export function gemvCandidates(size: ProductSize, tuning: LinearTuning): GemvTuning[] {
  const { rowsAtATime, ...base } = tuning.gemv(size);
  const cuts: GemvTuning[] = tuning.fuseNorm
    ? [
        { threads: 32, outputs: 1, unroll: 4 },
        { threads: 64, outputs: 1, unroll: 4 },
        { threads: 64, outputs: 2, unroll: 2 },
        { threads: 128, outputs: 2, unroll: 2 },
        { threads: 256, outputs: 4, unroll: 1 },
      ]
    : [
        { threads: 4, outputs: 4 },
        { threads: 8, outputs: 8 },
        { threads: 16, outputs: 2 },
      ];
  const text = JSON.stringify(base);
  return [base, ...cuts.filter((cut) => JSON.stringify(cut) !== text)];
}

/** `tuning` with the measured cuts of the model's products in it; no more than `budget` milliseconds are spent. */
export async function autotune(
  device: GPUDevice,
  config: ModelConfig,
  parameters: DeviceParameters,
  tuning: LinearTuning,
  results: TuningCache,
  time: DispatchTimer,
  { subgroups, budget = 1500 }: { readonly subgroups?: boolean | undefined; readonly budget?: number } = {},
): Promise<LinearTuning> {
  const chosen = new Map<string, GemvTuning>();
  const memory = createDeviceMemory(device);
  const cache = createKernelCache(device, subgroups);
  const end = performance.now() + budget;
  try {
    for (const product of productsOf(config, parameters)) {
      const key = productKey(product.size);
      const candidates = gemvCandidates(product.size, tuning);
      let cut = results.get(key, candidates);
      if (cut === undefined) {
        if (performance.now() >= end) continue;
        cut = await fastest(memory, cache, product, candidates, time);
        if (cut === undefined) continue;
        results.set(key, cut);
      }
      chosen.set(key, cut);
    }
    await results.save();
  } finally {
    memory.dispose();
  }
  return {
    ...tuning,
    gemv(size) {
      const cut = size.rows === 1 ? chosen.get(productKey(size)) : undefined;
      return cut === undefined ? tuning.gemv(size) : { rowsAtATime: 1, ...cut };
    },
  };
}

/** One product of each class. */
function productsOf(config: ModelConfig, parameters: DeviceParameters): Product[] {
  const found = new Map<string, Product>();
  for (const { name, role } of parameters.specs.values()) {
    const multiplied = role === 'linear' || (config.head.tied && name === 'embedding.weight');
    if (!multiplied || name.includes('.experts.')) continue;
    const { group } = parameters.member(name);
    const matrix = parameters.matrix(group);
    const each = group.endsWith('.mlp.gateUp') ? 2 : 1;
    for (const part of matrix.parts) {
      const outputs = part.rows / each;
      const size: ProductSize = {
        rows: 1,
        kind: matrix.kind.name,
        eights: Math.ceil(matrix.columns / 8),
        each,
        outputs,
      };
      if (part.rows * matrix.columns >= smallest) found.set(productKey(size), { size, matrix, part });
    }
  }
  return [...found.values()];
}

/** The fastest cut; undefined where the times are none. */
async function fastest(
  memory: ReturnType<typeof createDeviceMemory>,
  cache: KernelCache,
  { size: { outputs, each }, matrix: { kind, columns }, part }: Product,
  candidates: readonly GemvTuning[],
  time: DispatchTimer,
): Promise<GemvTuning | undefined> {
  const { device } = memory;
  const pass = memory.uniform(passBytes, 'tuning pass');
  const x = memory.storage(strideOf(columns) * 4, 'tuning x');
  const y = memory.storage(strideOf(outputs) * 4, 'tuning y');
  device.queue.writeBuffer(pass, 0, Uint32Array.of(1, 0, 0, 0));
  const gate = each === 2 ? { gated: true, activation: 'silu' as const } : {};
  const shape = {
    ...{ kind, columns, outputs, ...gate },
    ...{ outOffset: 0, biasOffset: 0, outStride: strideOf(outputs), xStride: strideOf(columns), bias: false },
  };
  let best: { cut: GemvTuning; time: number } | undefined;
  for (const [i, cut] of candidates.entries()) {
    const groups = Math.ceil(outputs / cut.outputs);
    device.pushErrorScope('validation');
    const dispatch = cache.dispatch(
      gemvKernel(shape, 1, cut, cache.subgroups),
      pass,
      [x, part.quants, ...(part.scales === undefined ? [] : [part.scales]), y],
      [Math.min(groups, 65535), Math.ceil(groups / 65535), 1],
    );
    const own = await time(dispatch);
    const refused = (await device.popErrorScope()) !== null;
    if (refused || !(own > 0)) {
      if (i === 0) break; // without the default's time nothing can be compared
      continue;
    }
    if (best === undefined || own < best.time * (best.cut === candidates[0] ? worthwhile : 1))
      best = { cut, time: own };
  }
  for (const buffer of [pass, x, y]) memory.free(buffer);
  cache.forgetGroups();
  return best?.cut;
}
