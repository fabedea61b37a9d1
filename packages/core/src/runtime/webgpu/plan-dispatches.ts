// The plan as dispatches: which kernel each step becomes, on which buffers, for how many rows. Made once for a number of rows and replayed.
import type { ModelConfig } from '../../models/model-config.ts';
import {
  compilePlan,
  type HeadStep,
  type MlpStep,
  type OutStep,
  type PlanStep,
  type QkvStep,
} from '../plan.ts';
import type { DeviceAdapter, DeviceAdapters } from './device-adapters.ts';
import type { DeviceMemory } from './device-memory.ts';
import type { DeviceParameters } from './device-parameters.ts';
import { dispatchEmitter, type Emitter, type Input, type LinearTarget } from './dispatch-emitter.ts';
import type { Dispatch, KernelCache } from './kernel.ts';
import { activateKernel } from './kernels/activation.ts';
import { type AttendShape, attendKernel, joinSplitsKernel, splitFloats } from './kernels/attend.ts';
import { attendTileKernel, queriesOf } from './kernels/attend-tile.ts';
import { chooseExpertsKernel, expertsDownKernel, expertsUpKernel } from './kernels/experts.ts';
import { gatherKernel } from './kernels/gather.ts';
import { gateKernel } from './kernels/low-rank.ts';
import { rotateAppendKernel } from './kernels/rotate-append.ts';
import type { Rounding } from './kernels/round-rows.ts';
import type { LinearTuning } from './linear-tuning.ts';
import { type PassBuffers, type RowBuffer, strideOf } from './pass-buffers.ts';
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

/** How attention is cut: the keys of a row shared out among `splits` workgroups, or (with one) loads of keys and values shared by neighbouring rows. */
export interface AttendCut {
  readonly splits: number;
  readonly shared: boolean;
}

/** Dispatches of passes. */
export interface PlanDispatches {
  /** All layers for `rows` rows, and the terms of the adapters that some of the rows have. */
  layers(rows: number, cut: AttendCut, beside?: readonly DeviceAdapter[]): readonly Dispatch[];
  /** Logits of `rows` picked rows into `logits` [rows, V]. */
  head(rows: number, logits: GPUBuffer): readonly Dispatch[];
}

/** Compiles the plan of `config` for the device. */
export function createPlanDispatches(parts: PlanParts): PlanDispatches {
  const { memory, cache, config, parameters, buffers, store, tuning } = parts;
  const { hiddenSize: C, numHeads: H, numKeyValueHeads: G, headDim: d, vocabSize: V } = config;
  const { subgroups } = cache;
  const { dtype = 'float32' } = store;
  const plan = compilePlan(config);
  const { x, n, y, qkv, heads, inner, gate, wide, router } = buffers;
  const partials = new Map<number, GPUBuffer>();

  const emitter = dispatchEmitter(parts);
  let present: readonly DeviceAdapter[] = []; // of the pass that is being made
  const touched = (...names: string[]) => parts.adapters.touch(present, names);
  /** The terms of the pass's adapters beside the linear layer `name` of `from`. */
  const beside = (e: Emitter, rows: number, from: Input, name: string, target: LinearTarget) =>
    parts.adapters.beside(e, present, rows, from, name, target);

  const emitQkv = (e: Emitter, step: QkvStep, rows: number) => {
    const at = `layers.${step.layer}.attention`;
    const names = ['q', 'k', 'v'].map((part) => `${at}.${part}`);
    const from = e.input(
      step.norm,
      !(config.placement === 'parallel' && config.sharedNorm) && !touched(...names),
    );
    const fused =
      parameters.member(`${names[0]}.weight`).group === parameters.member(`${names[1]}.weight`).group;
    if (fused) {
      const { group } = parameters.member(`${names[0]}.weight`);
      const bias = step.bias ? parameters.vectors(names.map((name) => `${name}.bias`)) : undefined;
      e.linear(from, parameters.matrix(group), (H + 2 * G) * d, bias, { out: qkv });
    }
    const offsets = [0, H * d, (H + G) * d];
    for (const [i, name] of names.entries()) {
      const target = { out: qkv, offset: offsets[i] };
      if (!fused) e.single(from, name, step.bias, target);
      beside(e, rows, from, name, target);
    }
    const sizes = { heads: H, groups: G, headDim: d, pageSize: store.shape.pageSize, stride: qkv.stride };
    const { queryKeyNorm: extra } = step;
    let { clip } = step;
    if (extra?.scope === 'full') {
      if (clip !== undefined)
        e.emit(
          rotateAppendKernel({ ...sizes, clip, append: undefined }, subgroups),
          [qkv.buffer],
          [H + 2 * G, rows],
        );
      clip = undefined;
      e.norm(
        { mode: 'in-place', dim: H * d, stride: qkv.stride, norm: extra.norm },
        qkv.buffer,
        undefined,
        `${at}.queryNorm`,
      );
      e.norm(
        { mode: 'in-place', dim: G * d, stride: qkv.stride, offset: H * d, norm: extra.norm },
        qkv.buffer,
        undefined,
        `${at}.keyNorm`,
      );
    }
    const headNorm =
      extra === undefined || extra.scope === 'full' ? undefined : { scope: extra.scope, norm: extra.norm };
    const angles = step.rope === undefined ? undefined : buffers.angles.get(step.rope);
    const bound = [qkv.buffer, store.keys(step.layer), store.values(step.layer), buffers.lines];
    if (angles !== undefined) bound.push(angles.buffer);
    if (headNorm?.norm.weight) {
      const kinds = ['weight', 'bias'].flatMap((kind) => [
        `${at}.queryNorm.${kind}`,
        `${at}.keyNorm.${kind}`,
      ]);
      bound.push(parameters.vectors(kinds));
    }
    e.emit(
      rotateAppendKernel({ ...sizes, clip, norm: headNorm, rope: step.rope, append: dtype }, subgroups),
      bound,
      [H + 2 * G, rows],
    );
  };

  const emitAttend = (
    e: Emitter,
    step: Extract<PlanStep, { op: 'attend' }>,
    rows: number,
    { splits, shared }: AttendCut,
  ) => {
    const window = Math.min(
      step.window ?? Number.POSITIVE_INFINITY,
      parts.window ?? Number.POSITIVE_INFINITY,
    );
    const shape: AttendShape = {
      heads: H,
      groups: G,
      headDim: d,
      pageSize: store.shape.pageSize,
      stride: qkv.stride,
      outStride: heads.stride,
      scale: step.scale,
      softcap: step.softcap,
      window: Number.isFinite(window) ? window : undefined,
      sinks: parts.sinks,
      threads: tuning.attendThreads,
      alibi: step.alibi,
      dtype,
      splits,
    };
    let out = heads.buffer;
    if (splits > 1) {
      const size = rows * H * splits * splitFloats(d) * 4;
      const known = partials.get(splits);
      out = known !== undefined && known.size >= size ? known : memory.storage(size, 'attention splits');
      partials.set(splits, out);
    }
    const bound = [
      qkv.buffer,
      store.keys(step.layer),
      store.values(step.layer),
      buffers.lines,
      parts.blocks(),
    ];
    if (step.alibi) bound.push(buffers.slopes as GPUBuffer);
    const queries = shared ? queriesOf(d, shape.threads) : 1;
    if (queries > 1)
      e.emit(attendTileKernel(shape, queries), [...bound, out], [H, Math.ceil(rows / queries)]);
    else e.emit(attendKernel(shape, subgroups), [...bound, out], [H, rows, splits]);
    if (splits > 1) e.emit(joinSplitsKernel(shape), [out, heads.buffer], [H, rows]);
  };

  /** Where a block's last product goes: straight onto the residual stream, or by way of a norm. */
  const sumTarget = (step: OutStep | MlpStep): LinearTarget =>
    step.postNorm === undefined ? { out: x, add: true, scale: step.scale } : { out: y };
  const finish = (e: Emitter, step: OutStep | MlpStep) => {
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
  };

  const emitMlp = (e: Emitter, step: MlpStep, rows: number) => {
    const at = `layers.${step.layer}.mlp`;
    const adapted = touched(`${at}.gate`, `${at}.up`);
    const from = step.reuse ? n : e.input(step.norm, !step.experts && !adapted);
    if (step.experts) emitExperts(e, step, from, rows);
    else {
      const up = parameters.member(`${at}.up.weight`);
      const width = up.rows;
      const fused = step.gated && parameters.member(`${at}.gate.weight`).group === up.group;
      if (fused) {
        const bias = step.bias ? parameters.vectors([`${at}.gate.bias`, `${at}.up.bias`]) : undefined;
        if (adapted) {
          // The terms belong in front of the activation, so the product and what becomes of it are two steps.
          const both = parts.adapters.both(width);
          e.linear(from, parameters.matrix(up.group), width, bias, { out: both });
          beside(e, rows, from, `${at}.gate`, { out: both });
          beside(e, rows, from, `${at}.up`, { out: both, offset: width });
          const grid = [Math.ceil(width / 64), rows] as const;
          e.emit(
            gateKernel(step.activation, width, both.stride, inner.stride),
            [both.buffer, inner.buffer],
            grid,
          );
        } else
          e.linear(from, parameters.matrix(up.group), width, bias, {
            out: inner,
            gated: true,
            activation: step.activation,
          });
      } else if (step.gated) {
        e.single(from, `${at}.gate`, step.bias, { out: gate });
        e.single(from, `${at}.up`, step.bias, { out: inner });
        beside(e, rows, from, `${at}.gate`, { out: gate });
        beside(e, rows, from, `${at}.up`, { out: inner });
        e.emit(
          activateKernel(step.activation, width, inner.stride, true, gate.stride),
          [inner.buffer, gate.buffer],
          [Math.ceil(width / 64), rows],
        );
      } else if (adapted) {
        e.single(from, `${at}.up`, step.bias, { out: inner });
        beside(e, rows, from, `${at}.up`, { out: inner });
        e.emit(
          activateKernel(step.activation, width, inner.stride, false),
          [inner.buffer],
          [Math.ceil(width / 64), rows],
        );
      } else e.single(from, `${at}.up`, step.bias, { out: inner, activation: step.activation });
      e.single(inner, `${at}.down`, step.bias, sumTarget(step));
      beside(e, rows, inner, `${at}.down`, sumTarget(step));
    }
    finish(e, step);
  };

  const emitExperts = (e: Emitter, step: MlpStep, from: RowBuffer, rows: number) => {
    const {
      count,
      perToken,
      normalize,
      intermediateSize: width,
    } = config.experts as NonNullable<ModelConfig['experts']>;
    const at = `layers.${step.layer}.experts`;
    e.single(from, `${at}.router`, false, { out: router });
    beside(e, rows, from, `${at}.router`, { out: router });
    e.emit(
      chooseExpertsKernel(count, router.stride, perToken, normalize),
      [router.buffer, buffers.choices],
      [rows],
    );
    const biases = (names: readonly string[]) =>
      step.bias
        ? parameters.vectors(
            Array.from({ length: count }, (_, i) => names.map((name) => `${at}.${i}.${name}.bias`)).flat(),
          )
        : undefined;
    const upBias = biases(step.gated ? ['gate', 'up'] : ['up']);
    const downBias = biases(['down']);
    const innerStride = strideOf(width);
    const up = parameters.matrix(parameters.member(`${at}.0.up.weight`).group);
    const unit = step.gated ? 2 * width : width;
    for (const part of up.parts) {
      const shape = {
        kind: up.kind,
        columns: C,
        outputs: width,
        perToken,
        first: part.from / unit,
        count: part.rows / unit,
        xStride: from.stride,
        outStride: innerStride,
      };
      const bound = [
        from.buffer,
        part.quants,
        ...(part.scales ? [part.scales] : []),
        buffers.choices,
        ...(upBias ? [upBias] : []),
        inner.buffer,
      ];
      e.emit(expertsUpKernel(shape, step.activation, step.gated, upBias !== undefined, subgroups), bound, [
        width,
        perToken,
        rows,
      ]);
    }
    const down = parameters.matrix(parameters.member(`${at}.0.down.weight`).group);
    const target = sumTarget(step);
    down.parts.forEach((part, i) => {
      const shape = {
        kind: down.kind,
        columns: width,
        outputs: C,
        perToken,
        first: part.from / C,
        count: part.rows / C,
        xStride: innerStride,
        outStride: target.out.stride,
      };
      const bound = [
        inner.buffer,
        part.quants,
        ...(part.scales ? [part.scales] : []),
        buffers.choices,
        ...(downBias ? [downBias] : []),
        target.out.buffer,
      ];
      e.emit(
        expertsDownKernel(
          shape,
          target.scale ?? 1,
          target.add === true || i > 0,
          downBias !== undefined,
          subgroups,
        ),
        bound,
        [C, rows],
      );
    });
  };

  const emitEmbed = (e: Emitter, step: Extract<PlanStep, { op: 'embed' }>, rows: number) => {
    const out = step.projection ? wide : x;
    const table = (
      name: string,
      field: 'id' | 'position',
      shift: number,
      scale: number,
      target: RowBuffer,
      add: boolean,
    ) => {
      const { kind, columns, parts: list } = parameters.matrix(parameters.member(name).group);
      for (const part of list) {
        const kernel = gatherKernel(kind, columns, {
          from: part.from,
          rows: part.rows,
          field,
          shift,
          scale,
          outStride: target.stride,
          add,
        });
        const bound = [part.quants, ...(part.scales ? [part.scales] : []), buffers.lines, target.buffer];
        e.emit(kernel, bound, [Math.ceil(columns / 512), rows]);
      }
    };
    table('embedding.weight', 'id', 0, step.scale, out, false);
    if (step.projection) e.single(wide, 'embeddingProjection', false, { out: x });
    if (step.learnedPositions) table('positions.weight', 'position', step.positionOffset, 1, x, true);
    if (step.norm !== undefined)
      e.norm(
        { mode: 'in-place', dim: C, stride: x.stride, norm: step.norm.config },
        x.buffer,
        undefined,
        step.norm.name,
      );
  };

  return {
    layers(rows, cut, adapters = []) {
      present = adapters;
      const e = emitter(rows, buffers.pass);
      for (const step of plan) {
        if (step.op === 'embed') emitEmbed(e, step, rows);
        else if (step.op === 'qkv') emitQkv(e, step, rows);
        else if (step.op === 'attend') emitAttend(e, step, rows, cut);
        else if (step.op === 'out') {
          const name = `layers.${step.layer}.attention.output`;
          e.single(heads, name, step.bias, sumTarget(step));
          beside(e, rows, heads, name, sumTarget(step));
          finish(e, step);
        } else if (step.op === 'mlp') emitMlp(e, step, rows);
      }
      return e.list;
    },
    head(rows, logits) {
      const step = plan[plan.length - 1] as HeadStep;
      const e = emitter(rows, buffers.headPass);
      e.norm(
        {
          mode: 'to',
          dim: C,
          stride: x.stride,
          picked: true,
          ...(step.norm === undefined ? {} : { norm: step.norm.config }),
        },
        x.buffer,
        n.buffer,
        step.norm?.name,
        rows,
        buffers.picked,
      );
      let from = n;
      if (step.projection) {
        e.single(n, 'headProjection', false, { out: wide });
        from = wide;
      }
      const { group } = parameters.member(step.tied ? 'embedding.weight' : 'head.weight');
      const bias = step.bias ? parameters.vectors(['head.bias']) : undefined;
      const out = { buffer: logits, stride: V };
      e.linear(from, parameters.matrix(group), V, bias, { out, scale: step.scale, softcap: step.softcap });
      return e.list;
    },
  };
}
