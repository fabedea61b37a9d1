// Where the loss is smooth over a wide stencil (its orders 4 and 6 agree) that one is taken, whose rounding is near 1e-14 of the loss: a gradient that
// is small beside the loss keeps its digits. Else central differences of fourth order: error O(h^4) f^(5) plus rounding of about 1e-16 f / h, near 1e-12 for the losses here. Where a clipped loss has a corner within the stencil a hundredth
// of the step is taken, whose rounding is still below 1e-9 of the loss.

/** The step of the wide stencil. */
const coarse = 0.01;

/** The gradient of `f` at `x` by a five-point stencil; `f` must be smooth within h / 50 of x. */
export function numericGradient(f: (x: number[]) => number, x: readonly number[], h = 1e-4): number[] {
  const at = (i: number, step: number): number => f(x.map((v, j) => (j === i ? v + step : v)));
  const stencil = (i: number, step: number): number =>
    (8 * (at(i, step) - at(i, -step)) - (at(i, 2 * step) - at(i, -2 * step))) / (12 * step);
  const broad = (i: number): number | undefined => {
    const [one, two, three] = [1, 2, 3].map((k) => at(i, k * coarse) - at(i, -k * coarse));
    const fourth = (8 * one - two) / (12 * coarse);
    const sixth = (45 * one - 9 * two + three) / (60 * coarse);
    return Math.abs(fourth - sixth) <= 1e-6 * Math.abs(sixth) ? sixth : undefined;
  };
  const wide = x.map((_, i) => stencil(i, h));
  const scale = Math.max(...wide.map(Math.abs));
  return wide.map((slope, i) => {
    const smooth = broad(i);
    if (smooth !== undefined) return smooth;
    const narrow = stencil(i, h / 100);
    return Math.abs(slope - narrow) > 1e-6 * scale ? narrow : slope;
  });
}
