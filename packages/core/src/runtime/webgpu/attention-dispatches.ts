// Attention of the plan as dispatches: queries, keys and values of a layer with their rotation and their place in the pages, and what the rows read of them.
import type { PlanStep, QkvStep } from '../plan.ts';
import type { Emitter } from './dispatch-emitter.ts';
import { type AttendShape, attendKernel, joinSplitsKernel, splitFloats } from './kernels/attend.ts';
import { attendTileKernel, queriesOf } from './kernels/attend-tile.ts';
import { rotateAppendKernel } from './kernels/rotate-append.ts';
import type { StepParts } from './step-parts.ts';

/** How attention is cut: the keys of a row shared out among `splits` workgroups, or (with one) loads of keys and values shared by neighbouring rows. */
export interface AttendCut {
  readonly splits: number;
  readonly shared: boolean;
}

/** Emitters of the steps of attention. */
export interface AttentionDispatches {
  qkv(e: Emitter, step: QkvStep, rows: number): void;
  attend(e: Emitter, step: Extract<PlanStep, { op: 'attend' }>, rows: number, cut: AttendCut): void;
}

/** Emitters over `parts`. */
export function attentionDispatches(parts: StepParts): AttentionDispatches {
  const { memory, cache, config, parameters, buffers, store, tuning, touched, beside } = parts;
  const { numHeads: H, numKeyValueHeads: G, headDim: d } = config;
  const { subgroups } = cache;
  const { dtype = 'float32' } = store;
  const { qkv, heads } = buffers;
  const partials = new Map<number, GPUBuffer>();

  const emitQkv: AttentionDispatches['qkv'] = (e, step, rows) => {
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

  const emitAttend: AttentionDispatches['attend'] = (e, step, rows, { splits, shared }) => {
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

  return { qkv: emitQkv, attend: emitAttend };
}
