// Limited-memory BFGS (Nocedal 1980; Liu and Nocedal 1989) in float64 with a Wolfe line search by bracketing and bisection, which needs nothing but
// values and gradients. Small problems only: everything is a plain array.
import { checkOptions } from '../check-options.ts';

/** A function's value and gradient at a point. */
export type Objective = (x: readonly number[]) => {
  readonly value: number;
  readonly gradient: readonly number[];
};

/** Options of {@link minimize}. */
export interface MinimizeOptions {
  /** Default 500. */
  readonly maxIterations?: number;
  /** Stop when the largest gradient entry is below this; default 1e-9. */
  readonly gradientTolerance?: number;
  /** Stop when the value falls by less than this, relatively, twice in a row; default 1e-15. */
  readonly valueTolerance?: number;
  /** Pairs remembered; default 10. */
  readonly memory?: number;
}

/** Where the search ended. */
export interface Minimum {
  readonly x: number[];
  readonly value: number;
  readonly iterations: number;
  readonly converged: boolean;
}

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, x, i) => sum + x * b[i], 0);

/** A local minimum of `f` near `start`; deterministic. */
export function minimize(f: Objective, start: readonly number[], options: MinimizeOptions = {}): Minimum {
  checkOptions(options, ['maxIterations', 'gradientTolerance', 'valueTolerance', 'memory'], 'minimize');
  const { maxIterations = 500, gradientTolerance = 1e-9, valueTolerance = 1e-15, memory = 10 } = options;
  let x = [...start];
  let { value, gradient } = f(x);
  const pairs: { s: number[]; y: number[]; rho: number }[] = [];
  let small = 0;
  let iterations = 0;
  for (; iterations < maxIterations; iterations++) {
    if (Math.max(...gradient.map(Math.abs)) < gradientTolerance)
      return { x, value, iterations, converged: true };
    let direction = descentDirection(gradient, pairs);
    if (!(dot(direction, gradient) < 0)) {
      pairs.length = 0;
      direction = gradient.map((g) => -g);
    }
    const first =
      pairs.length === 0 ? Math.min(1, 1 / Math.max(1e-12, Math.sqrt(dot(gradient, gradient)))) : 1;
    const found = wolfeStep(f, x, value, gradient, direction, first);
    if (found === undefined) {
      if (pairs.length === 0) return { x, value, iterations, converged: true };
      pairs.length = 0; // a stale curvature estimate: start again from steepest descent
      continue;
    }
    const s = found.x.map((v, i) => v - x[i]);
    const y = found.gradient.map((g, i) => g - gradient[i]);
    const curvature = dot(s, y);
    if (curvature > 1e-300) pairs.push({ s, y, rho: 1 / curvature });
    if (pairs.length > memory) pairs.shift();
    small = value - found.value <= valueTolerance * Math.max(Math.abs(value), 1e-300) ? small + 1 : 0;
    x = found.x;
    value = found.value;
    gradient = found.gradient;
    if (small >= 2) return { x, value, iterations, converged: true };
  }
  return { x, value, iterations, converged: false };
}

/** -H g by the two-loop recursion. */
function descentDirection(
  gradient: readonly number[],
  pairs: readonly { s: number[]; y: number[]; rho: number }[],
): number[] {
  const q = [...gradient];
  const alphas: number[] = [];
  for (const { s, y, rho } of [...pairs].reverse()) {
    const alpha = rho * dot(s, q);
    alphas.unshift(alpha);
    y.forEach((v, i) => {
      q[i] -= alpha * v;
    });
  }
  const last = pairs[pairs.length - 1];
  const scale = last === undefined ? 1 : dot(last.s, last.y) / dot(last.y, last.y);
  const r = q.map((v) => v * scale);
  pairs.forEach(({ s, y, rho }, k) => {
    const beta = rho * dot(y, r);
    s.forEach((v, i) => {
      r[i] += (alphas[k] - beta) * v;
    });
  });
  return r.map((v) => -v);
}

/** A step that satisfies the weak Wolfe conditions (Lewis and Overton's bisection), or undefined when none is found. */
function wolfeStep(
  f: Objective,
  x: readonly number[],
  value: number,
  gradient: readonly number[],
  direction: readonly number[],
  first: number,
): { x: number[]; value: number; gradient: readonly number[] } | undefined {
  const slope = dot(gradient, direction);
  let low = 0;
  let high = Number.POSITIVE_INFINITY;
  let t = first;
  let best: { x: number[]; value: number; gradient: readonly number[] } | undefined;
  for (let i = 0; i < 60; i++) {
    const at = x.map((v, j) => v + t * direction[j]);
    const here = f(at);
    if (!(here.value <= value + 1e-4 * t * slope)) high = t;
    else {
      if (here.value < value) best = { x: at, value: here.value, gradient: here.gradient };
      if (dot(here.gradient, direction) >= 0.9 * slope) return best;
      low = t;
    }
    t = high === Number.POSITIVE_INFINITY ? 2 * low : (low + high) / 2;
  }
  return best;
}
