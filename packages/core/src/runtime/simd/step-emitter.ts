// One step of the plan as instructions of the SIMD machine over the buffers of a pass.
import { elementwiseKinds, floatBits } from '../../backends/simd/program.ts';
import type { Activation, ModelConfig } from '../../models/model-config.ts';
import type { MlpStep, PlanNorm, PlanStep } from '../plan.ts';
import type { Emitter, RowBuffer } from './emitter.ts';
import type { PackedParameters } from './packed-parameters.ts';
import type { PassBuffers } from './pass-buffers.ts';
import type { PassTables } from './pass-tables.ts';
import type { SimdPageStore } from './simd-page-store.ts';

const activations: Readonly<Record<Activation, number>> = {
  silu: 0,
  gelu: 1,
  'gelu-tanh': 2,
  'quick-gelu': 3,
  relu: 4,
  'relu-squared': 5,
};

/** What the steps are told beside the plan. */
export interface StepView {
  /** Attend to this many latest tokens only; 0: to all. */
  readonly window: number;
  /** With a window: first tokens that stay visible. */
  readonly sinks: number;
}

/** Writes steps into programs. */
export interface StepEmitter {
  /** A step between the embedding and the head, for T rows; layers with experts end the segment. */
  emitStep(e: Emitter, step: PlanStep, T: number): void;
  /** out = the feed-forward network named `at` of the rows of `input`. */
  emitFeedForward(
    e: Emitter,
    step: MlpStep,
    at: string,
    input: RowBuffer,
    out: RowBuffer,
    rows: number,
  ): void;
}

/** The steps of `config`'s plan over these buffers. */
export function createStepEmitter(
  config: ModelConfig,
  parameters: PackedParameters,
  buffers: PassBuffers,
  tables: PassTables,
  store: SimdPageStore,
  { window: widest, sinks }: StepView,
): StepEmitter {
  const { hiddenSize: C, numHeads: H, numKeyValueHeads: G, headDim: d } = config;
  const { pageSize } = store.shape;
  const { x, n, q, k, v, heads, y, y2, gate, up, attention, slopes } = buffers;

  function emitStep(e: Emitter, step: PlanStep, T: number): void {
    if (step.op === 'qkv') {
      const at = `layers.${step.layer}.attention`;
      const input = e.input(step.norm);
      const parts = [
        { name: `${at}.q`, out: q, bias: step.bias },
        { name: `${at}.k`, out: k, bias: step.bias },
        { name: `${at}.v`, out: v, bias: step.bias },
      ];
      e.linears(input, T, parts);
      if (step.clip !== undefined) {
        for (const { out } of parts) {
          const count = T * out.width;
          const same = [1, 1, 1, count, 0, 0, 0, 1, 0, 0, 0, 0];
          e.emit('elementwise', [elementwiseKinds.min, out.at, buffers.clip, out.at, ...same]);
          e.emit('elementwise', [elementwiseKinds.max, out.at, buffers.clip + 4, out.at, ...same]);
        }
      }
      if (step.queryKeyNorm !== undefined) {
        const { scope, norm } = step.queryKeyNorm;
        for (const [data, count, name] of [
          [q, H, `${at}.queryNorm`],
          [k, G, `${at}.keyNorm`],
        ] as const) {
          if (scope === 'full') e.normInPlace(data, T, count * d, norm, name);
          else e.normInPlace(data, T * count, d, norm, name, scope === 'each-head' ? count : 1);
        }
      }
      const turn = step.rope === undefined ? undefined : tables.ropes.get(step.rope);
      if (step.rope !== undefined && turn !== undefined) {
        const words = [d, step.rope.rotaryDim, step.rope.interleaved ? 1 : 0, turn.cos, turn.sin];
        e.emit('rope', [q.at, H * d, T, H, ...words], true);
        e.emit('rope', [k.at, G * d, T, G, ...words]);
      }
      e.emit('append', [
        k.at,
        v.at,
        G * d,
        T,
        tables.rows,
        G,
        d,
        pageSize,
        store.layerOffset(step.layer),
        store.kind,
      ]);
    } else if (step.op === 'attend') {
      const window = Math.min(
        step.window ?? Number.POSITIVE_INFINITY,
        widest > 0 ? widest : Number.POSITIVE_INFINITY,
      );
      const sizes = [T, tables.rows, H, G, d, pageSize, store.layerOffset(step.layer)];
      const view = [Number.isFinite(window) ? window : 0, Number.isFinite(window) ? sinks : 0];
      const scores = [floatBits(step.scale), floatBits(step.softcap ?? 0), slopes, ...attention, store.kind];
      e.emit('attend', [q.at, H * d, heads.at, ...sizes, ...view, ...scores]);
    } else if (step.op === 'out') {
      e.linears(heads, T, [{ name: `layers.${step.layer}.attention.output`, out: y, bias: step.bias }]);
      finish(e, step, y, T);
    } else if (step.op === 'mlp') {
      const input = step.reuse ? n : e.input(step.norm);
      if (step.experts) {
        if (input !== n) throw new TypeError('plan: expected a norm before experts');
        e.cut(step);
      } else emitFeedForward(e, step, `layers.${step.layer}.mlp`, input, y2, T);
      finish(e, step, y2, T);
    }
  }

  const emitFeedForward: StepEmitter['emitFeedForward'] = (e, step, at, input, out, rows) => {
    const first = step.gated ? [{ name: `${at}.gate`, out: gate, bias: step.bias }] : [];
    e.linears(input, rows, [...first, { name: `${at}.up`, out: up, bias: step.bias }]);
    const width = parameters.matrix(`${at}.up.weight`).rows;
    const sources = step.gated ? [gate.at, up.at] : [up.at, 0];
    e.emit('activate', [...sources, gate.at, rows * width, activations[step.activation]]);
    e.linears(gate, rows, [{ name: `${at}.down`, out, bias: step.bias }]);
  };

  function finish(
    e: Emitter,
    step: { scale: number; postNorm?: PlanNorm; sumNorm?: PlanNorm },
    from: RowBuffer,
    T: number,
  ): void {
    if (step.postNorm !== undefined) e.normInPlace(from, T, C, step.postNorm.config, step.postNorm.name);
    e.add(from, step.scale);
    if (step.sumNorm !== undefined) e.normStream(step.sumNorm, x);
  }

  return { emitStep, emitFeedForward };
}
