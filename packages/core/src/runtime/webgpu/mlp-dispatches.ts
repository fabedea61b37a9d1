// The feed-forward block of a layer as dispatches: plain, gated or of experts.
import type { ModelConfig } from '../../models/model-config.ts';
import type { MlpStep } from '../plan.ts';
import type { MatrixPart } from './device-matrix.ts';
import type { Emitter } from './dispatch-emitter.ts';
import { activateKernel } from './kernels/activation.ts';
import { chooseExpertsKernel, expertsDownKernel, expertsUpKernel } from './kernels/experts.ts';
import { gateKernel } from './kernels/low-rank.ts';
import { type RowBuffer, strideOf } from './pass-buffers.ts';
import type { StepParts } from './step-parts.ts';

/** The emitter of such a step. */
export function mlpDispatches(parts: StepParts): (e: Emitter, step: MlpStep, rows: number) => void {
  const { cache, config, parameters, buffers, touched, beside, sumTarget, finish } = parts;
  const { hiddenSize: C } = config;
  const { subgroups } = cache;
  const { n, inner, gate, router } = buffers;

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
    const bound = (from: RowBuffer, part: MatrixPart, bias: GPUBuffer | undefined, out: RowBuffer) => [
      from.buffer,
      part.quants,
      ...(part.scales ? [part.scales] : []),
      buffers.choices,
      ...(bias ? [bias] : []),
      out.buffer,
    ];
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
      e.emit(
        expertsUpKernel(shape, step.activation, step.gated, upBias !== undefined, subgroups),
        bound(from, part, upBias, inner),
        [width, perToken, rows],
      );
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
      e.emit(
        expertsDownKernel(
          shape,
          target.scale ?? 1,
          target.add === true || i > 0,
          downBias !== undefined,
          subgroups,
        ),
        bound(inner, part, downBias, target.out),
        [C, rows],
      );
    });
  };

  return emitMlp;
}
