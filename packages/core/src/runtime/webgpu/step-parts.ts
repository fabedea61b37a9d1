// What the dispatches of all steps are made from, and what steps have in common: the terms of adapters beside a product, and the way onto the residual stream.
import type { ModelConfig } from '../../models/model-config.ts';
import type { MlpStep, OutStep } from '../plan.ts';
import type { DeviceAdapter, DeviceAdapters } from './device-adapters.ts';
import type { DeviceMemory } from './device-memory.ts';
import type { DeviceParameters } from './device-parameters.ts';
import type { Emitter, Input, LinearTarget } from './dispatch-emitter.ts';
import type { KernelCache } from './kernel.ts';
import type { Rounding } from './kernels/round-rows.ts';
import type { LinearTuning } from './linear-tuning.ts';
import type { PassBuffers } from './pass-buffers.ts';
import type { WebgpuPageStore } from './webgpu-page-store.ts';

/** What the dispatches are made from. */
export interface PlanParts {
  readonly memory: DeviceMemory;
  readonly cache: KernelCache;
  readonly config: ModelConfig;
  readonly parameters: DeviceParameters;
  readonly buffers: PassBuffers;
  readonly store: WebgpuPageStore;
  readonly blocks: () => GPUBuffer;
  readonly window?: number | undefined;
  readonly sinks: number;
  readonly tuning: LinearTuning;
  /** Where rounded rows go; absent: products take float32. */
  readonly rounded?: { readonly to: Rounding; readonly q: GPUBuffer; readonly d: GPUBuffer } | undefined;
  readonly adapters: DeviceAdapters;
}

/** What the emitters of single steps share while a pass is made. */
export interface StepParts extends PlanParts {
  /** Adapters of the pass that is being made. */
  present: readonly DeviceAdapter[];
  /** Whether one of them changes one of the linear layers `names`. */
  touched(...names: string[]): boolean;
  /** The terms of the pass's adapters beside the linear layer `name` of `from`. */
  beside(e: Emitter, rows: number, from: Input, name: string, target: LinearTarget): void;
  /** Where a block's last product goes: straight onto the residual stream, or by way of a norm. */
  sumTarget(step: OutStep | MlpStep): LinearTarget;
  /** What comes behind a block's last product. */
  finish(e: Emitter, step: OutStep | MlpStep): void;
}

/** The parts with what steps share. */
export function stepParts(parts: PlanParts): StepParts {
  const { x, y } = parts.buffers;
  const { hiddenSize: C } = parts.config;
  const all: StepParts = {
    ...parts,
    present: [],
    touched: (...names) => parts.adapters.touch(all.present, names),
    beside: (e, rows, from, name, target) => parts.adapters.beside(e, all.present, rows, from, name, target),
    sumTarget: (step) =>
      step.postNorm === undefined ? { out: x, add: true, scale: step.scale } : { out: y },
    finish(e, step) {
      const { postNorm, sumNorm, scale } = step;
      if (postNorm !== undefined)
        e.norm(
          { mode: 'add', dim: C, stride: y.stride, outStride: x.stride, scale, norm: postNorm.config },
          y.buffer,
          x.buffer,
          postNorm.name,
        );
      if (sumNorm !== undefined)
        e.norm(
          { mode: 'in-place', dim: C, stride: x.stride, norm: sumNorm.config },
          x.buffer,
          undefined,
          sumNorm.name,
        );
    },
  };
  return all;
}
