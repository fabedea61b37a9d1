// The plan as dispatches: which kernel each step becomes, on which buffers, for how many rows. Made once for a number of rows and replayed.
import { compilePlan, type HeadStep, type PlanStep } from '../plan.ts';
import { type AttendCut, attentionDispatches } from './attention-dispatches.ts';
import type { DeviceAdapter } from './device-adapters.ts';
import { dispatchEmitter, type Emitter } from './dispatch-emitter.ts';
import type { Dispatch } from './kernel.ts';
import { gatherKernel } from './kernels/gather.ts';
import { mlpDispatches } from './mlp-dispatches.ts';
import type { RowBuffer } from './pass-buffers.ts';
import { type PlanParts, stepParts } from './step-parts.ts';

/** Dispatches of passes. */
export interface PlanDispatches {
  /** All layers for `rows` rows, and the terms of the adapters that some of the rows have. */
  layers(rows: number, cut: AttendCut, beside?: readonly DeviceAdapter[]): readonly Dispatch[];
  /** Logits of `rows` picked rows into `logits` [rows, V]. */
  head(rows: number, logits: GPUBuffer): readonly Dispatch[];
}

/** Compiles the plan of `config` for the device. */
export function createPlanDispatches(given: PlanParts): PlanDispatches {
  const parts = stepParts(given);
  const { config, parameters, buffers, beside, sumTarget, finish } = parts;
  const { hiddenSize: C, vocabSize: V } = config;
  const plan = compilePlan(config);
  const { x, n, heads, wide } = buffers;
  const emitter = dispatchEmitter(parts);
  const attention = attentionDispatches(parts);
  const emitMlp = mlpDispatches(parts);

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
      parts.present = adapters;
      const e = emitter(rows, buffers.pass);
      for (const step of plan) {
        if (step.op === 'embed') emitEmbed(e, step, rows);
        else if (step.op === 'qkv') attention.qkv(e, step, rows);
        else if (step.op === 'attend') attention.attend(e, step, rows, cut);
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
