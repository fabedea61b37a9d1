// Chinchilla's approach 2: for each compute budget a parabola of loss over log N; its minima give N_opt(C), and a line through their logarithms the exponent.
import { invert, multiply } from '../numerics/solve.ts';

/** One run on an IsoFLOP curve. */
export interface IsoFlopRun {
  /** Training FLOPs. */
  readonly compute: number;
  readonly parameters: number;
  readonly loss: number;
}

/** The minimum of one budget's parabola. */
export interface IsoFlopOptimum {
  readonly compute: number;
  readonly parameters: number;
  /** compute / (6 parameters). */
  readonly tokens: number;
  readonly loss: number;
}

/** The optima and the power laws through them: N_opt = parameterScale C^parameterExponent, D_opt = tokenScale C^tokenExponent. */
export interface IsoFlopFit {
  readonly optima: readonly IsoFlopOptimum[];
  readonly parameterExponent: number;
  readonly parameterScale: number;
  readonly tokenExponent: number;
  readonly tokenScale: number;
}

/** Fits the parabolas and power laws; every budget needs at least 3 runs and an upward parabola, and 2 budgets are needed. */
export function fitIsoFlops(runs: readonly IsoFlopRun[]): IsoFlopFit {
  const budgets = [...new Set(runs.map((r) => r.compute))].sort((p, q) => p - q);
  if (budgets.length < 2)
    throw new RangeError(`runs: expected at least 2 compute budgets, got ${budgets.length}`);
  const optima = budgets.map((compute) =>
    optimumOf(
      compute,
      runs.filter((r) => r.compute === compute),
    ),
  );
  const logC = optima.map((o) => Math.log(o.compute));
  const [n0, n1] = polynomialFit(
    logC,
    optima.map((o) => Math.log(o.parameters)),
    1,
  );
  const [d0, d1] = polynomialFit(
    logC,
    optima.map((o) => Math.log(o.tokens)),
    1,
  );
  return {
    optima,
    parameterExponent: n1,
    parameterScale: Math.exp(n0),
    tokenExponent: d1,
    tokenScale: Math.exp(d0),
  };
}

function optimumOf(compute: number, runs: readonly IsoFlopRun[]): IsoFlopOptimum {
  if (runs.length < 3)
    throw new RangeError(`runs: expected at least 3 at ${compute.toExponential()} FLOPs, got ${runs.length}`);
  const middle = runs.reduce((sum, r) => sum + Math.log(r.parameters), 0) / runs.length;
  const [c0, c1, c2] = polynomialFit(
    runs.map((r) => Math.log(r.parameters) - middle),
    runs.map((r) => r.loss),
    2,
  );
  if (!(c2 > 0))
    throw new RangeError(
      `runs: the losses at ${compute.toExponential()} FLOPs have no minimum over the sizes given`,
    );
  const at = -c1 / (2 * c2);
  const parameters = Math.exp(middle + at);
  return { compute, parameters, tokens: compute / (6 * parameters), loss: c0 + c1 * at + c2 * at * at };
}

/** Least squares coefficients, constant first. */
export function polynomialFit(x: readonly number[], y: readonly number[], degree: number): number[] {
  const powers = x.map((v) => Array.from({ length: degree + 1 }, (_, k) => v ** k));
  const normal = Array.from({ length: degree + 1 }, (_, i) =>
    Array.from({ length: degree + 1 }, (__, j) => powers.reduce((sum, p) => sum + p[i] * p[j], 0)),
  );
  const right = Array.from({ length: degree + 1 }, (_, i) =>
    powers.reduce((sum, p, k) => sum + p[i] * y[k], 0),
  );
  return multiply(invert(normal), right);
}
