// optimizers/<name>/cases.jsonl: {optimizer, params, start, gradients, steps} or {schedule, params, at, values} or clip-by-global-norm. Values within 1e-6 of the
// float64 reference, relative to the largest magnitude where that is above 1 (schedules: relative to the peak).
import {
  adamw,
  applyGradients,
  clipByGlobalNorm,
  constantSchedule,
  cosineSchedule,
  initOptimizer,
  linearSchedule,
  lion,
  muon,
  type Optimizer,
  rmsprop,
  type Schedule,
  sgd,
  warmupStableDecaySchedule,
} from '@ashlar/core';
import * as tf from '@tensorflow/tfjs-core';
import { useBackend } from '../backends.ts';
import { type CaseGroup, type GroupResult, type Kind, type RunOptions, readCases } from '../case.ts';

type Nested = number | Nested[];

interface OptimizerCase {
  readonly optimizer?: string;
  readonly schedule?: string;
  readonly params: Readonly<Record<string, never>>;
  readonly start?: Nested;
  readonly gradients?: readonly Nested[];
  readonly steps?: readonly Nested[];
  readonly norm?: number;
  readonly at?: readonly number[];
  readonly values?: readonly number[];
}

const flat = (value: Nested): number[] => (Array.isArray(value) ? value.flatMap(flat) : [value]);

function worstError(got: ArrayLike<number>, expected: readonly number[], scale?: number): number {
  const unit = scale ?? Math.max(1, ...expected.map(Math.abs));
  const errors = expected.map((e, i) => Math.abs(got[i] - e) / unit);
  return got.length === expected.length && errors.every((e) => !Number.isNaN(e))
    ? Math.max(...errors)
    : Number.NaN;
}

// The references decay every parameter given and call the rows of a matrix its outputs.
const all = (): boolean => true;
const optimizers: Readonly<Record<string, (options: object) => Optimizer>> = {
  adamw: (o) => adamw({ ...o, decays: all }),
  lion: (o) => lion({ ...o, decays: all }),
  sgd: (o) => sgd({ ...o, decays: all }),
  rmsprop: (o) => rmsprop(o),
  muon: (o) => muon({ ...o, weightLayout: 'out-in' }),
};

const schedules: Readonly<Record<string, (options: never) => Schedule>> = {
  cosine: cosineSchedule,
  linear: linearSchedule,
  'warmup-stable-decay': warmupStableDecaySchedule,
  constant: constantSchedule,
};

export const kind: Kind = {
  usesBackend: true,
  async run(group: CaseGroup, { backend }: RunOptions): Promise<GroupResult> {
    await useBackend(backend);
    const failures: string[] = [];
    const cases = await readCases<OptimizerCase>(group);
    let worst = 0;
    for (const [index, one] of cases.entries()) {
      const label = `${index} ${one.optimizer ?? one.schedule}`;
      try {
        const error = await errorOf(one);
        worst = Math.max(worst, error);
        if (!(error <= 1e-6)) failures.push(`${label}: off by ${error.toExponential(1)}`);
      } catch (error) {
        failures.push(`${label}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return { passed: cases.length - failures.length, failures, note: `max error ${worst.toExponential(1)}` };
  },
};

async function errorOf(one: OptimizerCase): Promise<number> {
  if (one.schedule !== undefined) {
    const make = schedules[one.schedule];
    if (make === undefined) throw new RangeError(`unknown schedule ${one.schedule}`);
    return worstError(one.at!.map(make(one.params as never)), one.values!, Math.max(...one.values!));
  }
  if (one.optimizer === 'clip-by-global-norm') return clipError(one);
  const make = optimizers[one.optimizer ?? ''];
  if (make === undefined) throw new RangeError(`unknown optimizer ${one.optimizer}`);
  const { learningRate, ...options } = one.params as Record<string, number>;
  const optimizer = make(options);
  let parameters = new Map([['hidden', tf.tensor(one.start as number[])]]);
  let state = initOptimizer(optimizer, parameters);
  let worst = 0;
  for (const [i, gradient] of one.gradients!.entries()) {
    const gradients = new Map([['hidden', tf.tensor(gradient as number[])]]);
    ({ parameters, state } = applyGradients(optimizer, parameters, gradients, state, learningRate));
    const error = worstError(await parameters.get('hidden')!.data(), flat(one.steps![i]));
    worst = Math.max(error, worst);
  }
  tf.dispose([...parameters.values(), ...[...state.slots.values()].flatMap((s) => Object.values(s))]);
  return worst;
}

async function clipError(one: OptimizerCase): Promise<number> {
  const gradients = new Map(one.gradients!.map((g, i) => [String(i), tf.tensor(g as number[])]));
  const clipped = await clipByGlobalNorm(gradients, (one.params as Record<string, number>)['maxNorm']);
  const got = (await Promise.all([...clipped.gradients.values()].map((g) => g.data()))).flatMap((d) => [
    ...d,
  ]);
  tf.dispose([...clipped.gradients.values()]);
  const norm = one.norm === undefined ? 0 : Math.abs(clipped.norm / one.norm - 1);
  return Math.max(norm, worstError(got, flat(one.steps![0])));
}
