// Central differences of fourth order: error O(h^4) f^(5) plus rounding of about 1e-16 f / h, near 1e-12 for the losses here.

/** The gradient of `f` at `x` by a five-point stencil; `f` must be smooth within 2h of x. */
export function numericGradient(f: (x: number[]) => number, x: readonly number[], h = 1e-4): number[] {
  const at = (i: number, step: number): number => f(x.map((v, j) => (j === i ? v + step : v)));
  return x.map((_, i) => (8 * (at(i, h) - at(i, -h)) - (at(i, 2 * h) - at(i, -2 * h))) / (12 * h));
}
