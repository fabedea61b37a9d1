// Collects the dispatches of one pass: norms and linear layers by the kernels that suit the rows and the device.
import type { PlanNorm } from '../plan.ts';
import type { DeviceMatrix } from './device-matrix.ts';
import type { Dispatch, Kernel } from './kernel.ts';
import { gemmKernel, gemvKernel, type LinearShape } from './kernels/linear.ts';
import { gemvInt8Kernel } from './kernels/linear-int8.ts';
import { type NormShape, normKernel } from './kernels/norm.ts';
import { hasIntegers } from './kernels/raw-integers.ts';
import { roundedBlock, roundRowsKernel } from './kernels/round-rows.ts';
import { roundedTileKernel } from './kernels/rounded-tiles.ts';
import type { RowBuffer } from './pass-buffers.ts';
import type { PlanParts } from './step-parts.ts';

/** What a product reads. */
export interface Input extends RowBuffer {
  readonly rms?: LinearShape['rms'];
  readonly weight?: GPUBuffer;
}

/** Outputs, and what becomes of them, of one linear layer. */
export interface LinearTarget {
  readonly out: RowBuffer;
  readonly offset?: number;
  readonly activation?: LinearShape['activation'];
  readonly gated?: boolean;
  readonly add?: boolean;
  readonly scale?: number;
  readonly softcap?: number | undefined;
}

/** What collects a pass. */
export type Emitter = ReturnType<ReturnType<typeof dispatchEmitter>>;

/** A maker of emitters: for `rows` rows, whose lines stand in the buffer `pass`. */
export function dispatchEmitter({
  cache,
  config,
  parameters,
  buffers,
  tuning,
  rounded,
}: Pick<PlanParts, 'cache' | 'config' | 'parameters' | 'buffers' | 'tuning' | 'rounded'>) {
  const { subgroups } = cache;
  const { x, n } = buffers;
  const C = config.hiddenSize;
  return (rows: number, pass: GPUBuffer) => {
    const list: Dispatch[] = [];
    const emit = (kernel: Kernel, bound: readonly GPUBuffer[], grid: readonly [number, number?, number?]) => {
      list.push(cache.dispatch(kernel, pass, bound, grid));
    };
    const norm = (
      shape: NormShape,
      from: GPUBuffer,
      to: GPUBuffer | undefined,
      name: string | undefined,
      count = rows,
      picked?: GPUBuffer,
    ) => {
      const bound = [from];
      if (to !== undefined) bound.push(to);
      if (picked !== undefined) bound.push(picked);
      if (shape.norm?.weight) bound.push(parameters.vectors([`${name}.weight`]));
      if (shape.norm?.bias) bound.push(parameters.vectors([`${name}.bias`]));
      emit(normKernel(shape, subgroups), bound, [count]);
    };
    /** The buffer that holds norm(x), or x itself, or x with a norm that the products that read it make on the way (`alone`: nothing else reads it). */
    const input = (of: PlanNorm | undefined, alone: boolean): Input => {
      if (of === undefined) return x;
      const { kind, bias, weight, eps, unitOffset } = of.config;
      if (
        alone &&
        tuning.fuseNorm &&
        rounded?.to !== 'int8' &&
        rows <= tuning.fewRows &&
        kind === 'rms' &&
        weight &&
        !bias
      )
        return { ...x, rms: { eps, unitOffset }, weight: parameters.vectors([`${of.name}.weight`]) };
      norm({ mode: 'to', dim: C, stride: x.stride, norm: of.config }, x.buffer, n.buffer, of.name);
      return n;
    };
    /** `outputs` rows of the group's matrix, or (gated) as many pairs. */
    const linear = (
      from: Input,
      matrix: DeviceMatrix,
      outputs: number,
      bias: GPUBuffer | undefined,
      target: LinearTarget,
    ) => {
      const few = rows <= tuning.fewRows;
      const rounds =
        rounded !== undefined && (rounded.to === 'int8' ? hasIntegers(matrix.kind) : !few)
          ? rounded
          : undefined;
      if (rounds !== undefined)
        emit(
          roundRowsKernel(rounds.to, matrix.columns, from.stride),
          [from.buffer, rounds.q, rounds.d],
          [Math.ceil(matrix.columns / roundedBlock / 64), rows],
        );
      for (const part of matrix.parts) {
        const shape: LinearShape = {
          kind: matrix.kind,
          columns: matrix.columns,
          outputs: target.gated ? outputs : part.rows,
          outOffset: (target.offset ?? 0) + part.from,
          biasOffset: part.from,
          outStride: target.out.stride,
          xStride: from.stride,
          bias: bias !== undefined,
          ...(target.gated ? { gated: true } : {}),
          ...(target.add ? { add: true } : {}),
          activation: target.activation,
          scale: target.scale ?? 1,
          softcap: target.softcap,
          rms: from.rms,
        };
        const input = rounds ? [rounds.q, rounds.d] : [from.buffer, ...(from.weight ? [from.weight] : [])];
        const bound = [...input, part.quants];
        if (part.scales !== undefined) bound.push(part.scales);
        if (bias !== undefined) bound.push(bias);
        bound.push(target.out.buffer);
        const size = {
          rows,
          kind: matrix.kind.name,
          eights: Math.ceil(matrix.columns / 8),
          each: target.gated ? (2 as const) : (1 as const),
          outputs: shape.outputs,
        };
        if (few) {
          const { rowsAtATime: at, ...cut } = tuning.gemv(size);
          const groups = Math.ceil(shape.outputs / cut.outputs);
          const kernel = rounds ? gemvInt8Kernel : gemvKernel;
          emit(kernel(shape, at, cut, subgroups), bound, [
            Math.min(groups, 65535),
            Math.ceil(groups / 65535),
            Math.ceil(rows / at),
          ]);
        } else {
          const tile = tuning.tile(size);
          emit(rounds ? roundedTileKernel(rounds.to, shape, tile) : gemmKernel(shape, tile), bound, [
            Math.ceil((shape.outputs * size.each) / tile.outputs),
            Math.ceil(rows / tile.rows),
          ]);
        }
      }
    };
    const single = (from: Input, name: string, bias: boolean, target: LinearTarget) => {
      const { group, rows: outputs } = parameters.member(`${name}.weight`);
      linear(
        from,
        parameters.matrix(group),
        outputs,
        bias ? parameters.vectors([`${name}.bias`]) : undefined,
        target,
      );
    };
    return { list, emit, norm, input, linear, single };
  };
}
