// Chinchilla's approach 3 (Hoffmann et al. 2022, arXiv 2203.15556, sec. 3.3): L(N, D) = E + A/N^alpha + B/D^beta by minimising the Huber loss of log residuals from
// a grid of starts. Besiroglu et al. 2024 (arXiv 2404.10102) showed how far a badly stopped optimiser lands; we polish the best starts to convergence.
import { checkOptions } from '../check-options.ts';
import { minimize } from '../numerics/lbfgs.ts';

/** One training run: parameters, tokens, final loss in nats a token. */
export interface TrainingRun {
  readonly parameters: number;
  readonly tokens: number;
  readonly loss: number;
}

/** L = E + A / N^alpha + B / D^beta. */
export interface ScalingLaw {
  readonly E: number;
  readonly A: number;
  readonly B: number;
  readonly alpha: number;
  readonly beta: number;
}

/** A fitted law and the objective's value there. */
export interface ScalingLawFit extends ScalingLaw {
  /** Sum over runs of Huber(log L(N, D) - log loss). */
  readonly huberSum: number;
}

/** Options of {@link fitScalingLaw}. */
export interface FitOptions {
  /** Where Huber goes from square to linear; default 1e-3. */
  readonly delta?: number;
  /** How many of the grid's starts are followed, best first; default 60. */
  readonly starts?: number;
  /** Starts of your own, (log A, log B, log E, alpha, beta), instead of the grid. */
  readonly from?: readonly (readonly number[])[];
}

/** The law that minimises the Huber sum of log residuals over at least 6 runs; deterministic. */
export function fitScalingLaw(runs: readonly TrainingRun[], options: FitOptions = {}): ScalingLawFit {
  checkOptions(options, ['delta', 'starts', 'from'], 'fitScalingLaw');
  const { delta = 1e-3, starts = 60 } = options;
  if (runs.length < 6)
    throw new RangeError(`runs: expected at least 6 for five parameters, got ${runs.length}`);
  runs.forEach((run, i) => {
    if (!(run.parameters > 0 && run.tokens > 0 && run.loss > 0))
      throw new RangeError(`runs: row ${i}: expected positive parameters, tokens and loss`);
  });
  const objective = huberObjective(runs, delta);
  const grid = options.from ?? chinchillaGrid();
  const best = grid
    .map((x) => ({ x, value: objective(x).value }))
    .filter(({ value }) => Number.isFinite(value))
    .sort((p, q) => p.value - q.value)
    .slice(0, starts)
    .map(({ x }) => minimize(objective, x, { maxIterations: 300, gradientTolerance: 1e-12 }))
    .sort((p, q) => p.value - q.value)
    .slice(0, 3)
    .map(({ x }) => minimize(objective, x, { maxIterations: 5000, gradientTolerance: 1e-14, memory: 20 }))
    .sort((p, q) => p.value - q.value)[0];
  const [a, b, e, alpha, beta] = best.x;
  return { E: Math.exp(e), A: Math.exp(a), B: Math.exp(b), alpha, beta, huberSum: best.value };
}

/** L(N, D) of a law. */
export const lawLoss = (law: ScalingLaw, parameters: number, tokens: number): number =>
  law.E + law.A / parameters ** law.alpha + law.B / tokens ** law.beta;

/** The paper's grid: alpha, beta in 0..2 by 1/2, e in -1..1 by 1/2, a, b in 0..25 by 5. */
function chinchillaGrid(): number[][] {
  const range = (from: number, to: number, step: number): number[] =>
    Array.from({ length: Math.round((to - from) / step) + 1 }, (_, i) => from + i * step);
  const grid: number[][] = [];
  for (const alpha of range(0, 2, 0.5))
    for (const beta of range(0, 2, 0.5))
      for (const e of range(-1, 1, 0.5))
        for (const a of range(0, 25, 5)) for (const b of range(0, 25, 5)) grid.push([a, b, e, alpha, beta]);
  return grid;
}

function huberObjective(runs: readonly TrainingRun[], delta: number) {
  const n = Float64Array.from(runs, (r) => Math.log(r.parameters));
  const d = Float64Array.from(runs, (r) => Math.log(r.tokens));
  const l = Float64Array.from(runs, (r) => Math.log(r.loss));
  return ([a, b, e, alpha, beta]: readonly number[]): { value: number; gradient: number[] } => {
    let value = 0;
    const gradient = [0, 0, 0, 0, 0];
    for (let i = 0; i < l.length; i++) {
      const [x, y] = [a - alpha * n[i], b - beta * d[i]];
      const top = Math.max(x, y, e);
      const [ex, ey, ee] = [Math.exp(x - top), Math.exp(y - top), Math.exp(e - top)];
      const z = ex + ey + ee;
      const residual = top + Math.log(z) - l[i];
      const inside = Math.abs(residual) <= delta;
      value += inside ? 0.5 * residual * residual : delta * (Math.abs(residual) - 0.5 * delta);
      const slope = (inside ? residual : delta * Math.sign(residual)) / z;
      gradient[0] += slope * ex;
      gradient[1] += slope * ey;
      gradient[2] += slope * ee;
      gradient[3] -= slope * ex * n[i];
      gradient[4] -= slope * ey * d[i];
    }
    return { value, gradient };
  };
}
