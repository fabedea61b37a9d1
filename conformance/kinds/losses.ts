// losses/<name>/cases.jsonl: {loss, params, inputs, value, gradients?}. Every case runs twice: through the tensor function on the backend (1e-4 of the
// float64 value) and through the float64 twin (1e-6), gradients by tf.grad and by central differences of the twin.
import { registerGradients } from '@ashlar/core';
import { numericGradient } from '@ashlar/rlhf/reference';
import * as tf from '@tensorflow/tfjs-core';
import { useBackend } from '../backends.ts';
import { type CaseGroup, type GroupResult, type Kind, type RunOptions, readCases } from '../case.ts';
import { type LossAdapter, lossAdapter } from './loss-adapters.ts';

type Nested = number | Nested[];

interface LossCase {
  readonly loss: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly inputs: Readonly<Record<string, Nested>>;
  readonly value: Nested;
  readonly gradients?: Readonly<Record<string, Nested>>;
}

const flat = (value: Nested): number[] => (Array.isArray(value) ? value.flatMap(flat) : [value]);

/** The largest difference over the largest expected magnitude. */
function relativeError(got: ArrayLike<number>, expected: readonly number[]): number {
  if (got.length !== expected.length) return Number.POSITIVE_INFINITY;
  const scale = Math.max(...expected.map(Math.abs), Number.MIN_VALUE);
  return expected.reduce((worst, e, i) => {
    const error = Math.abs(got[i] - e) / scale;
    return Math.max(error, worst); // NaN wins
  }, 0);
}

export const kind: Kind = {
  usesBackend: true,
  async run(group: CaseGroup, { backend }: RunOptions): Promise<GroupResult> {
    await useBackend(backend);
    registerGradients();
    const cases = await readCases<LossCase>(group);
    const failures: string[] = [];
    const worst = { single: 0, double: 0 };
    for (const [index, one] of cases.entries()) {
      try {
        const adapter = lossAdapter(one.loss, one.params);
        const errors = [...(await singlePrecision(adapter, one)), ...doublePrecision(adapter, one)];
        const wrong = errors.filter((e) => !(e.error <= (e.precision === 'double' ? 1e-6 : 1e-4)));
        for (const e of errors) worst[e.precision] = Math.max(worst[e.precision], e.error);
        if (wrong.length > 0)
          failures.push(
            `${index} ${one.loss}: ${wrong.map((e) => `${e.what} off by ${e.error.toExponential(1)} (${e.precision})`).join(', ')}`,
          );
      } catch (error) {
        failures.push(`${index} ${one.loss}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    const note = `max relative error f64 ${worst.double.toExponential(1)}, f32 ${worst.single.toExponential(1)}`;
    return { passed: cases.length - failures.length, failures, note };
  },
};

interface Deviation {
  readonly what: string;
  readonly error: number;
  readonly precision: 'single' | 'double';
}

async function singlePrecision(adapter: LossAdapter, one: LossCase): Promise<Deviation[]> {
  if (adapter.tensor === undefined) return [];
  const run = adapter.tensor;
  const inputs = Object.fromEntries(
    Object.entries(one.inputs).map(([k, v]) => [k, tf.tensor(v as number[])]),
  );
  const names = Object.keys(one.gradients ?? {});
  const value = tf.tidy(() => run(inputs));
  const deviations: Deviation[] = [
    { what: 'value', error: relativeError(await value.data(), flat(one.value)), precision: 'single' },
  ];
  if (names.length > 0) {
    const gradients = tf.grads((...xs: tf.Tensor[]) =>
      run({ ...inputs, ...Object.fromEntries(names.map((n, i) => [n, xs[i]])) }),
    )(names.map((n) => inputs[n]));
    for (const [i, name] of names.entries()) {
      const error = relativeError(await gradients[i].data(), flat(one.gradients![name]));
      deviations.push({ what: `gradient of ${name}`, error, precision: 'single' });
    }
    tf.dispose(gradients);
  }
  tf.dispose([value, ...Object.values(inputs)]);
  return deviations;
}

function doublePrecision(adapter: LossAdapter, one: LossCase): Deviation[] {
  const run = adapter.reference;
  const value = run(one.inputs);
  const deviations: Deviation[] = [
    { what: 'value', error: relativeError(flat(value as Nested), flat(one.value)), precision: 'double' },
  ];
  for (const [name, expected] of Object.entries(one.gradients ?? {})) {
    const shape = one.inputs[name];
    const at = (x: number[]): number => run({ ...one.inputs, [name]: refill(shape, x) }) as number;
    const error = relativeError(numericGradient(at, flat(shape)), flat(expected));
    deviations.push({ what: `gradient of ${name}`, error, precision: 'double' });
  }
  return deviations;
}

/** `values` in the nesting of `shape`. */
function refill(shape: Nested, values: readonly number[]): Nested {
  let next = 0;
  const fill = (part: Nested): Nested => (Array.isArray(part) ? part.map(fill) : values[next++]);
  return fill(shape);
}
