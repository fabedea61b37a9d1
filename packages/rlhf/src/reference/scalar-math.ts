// Float64 building blocks of the reference losses.

/** log sigma(x), finite for every finite x. */
export const logSigmoid = (x: number): number =>
  x >= 0 ? -Math.log1p(Math.exp(-x)) : x - Math.log1p(Math.exp(x));

/** 1 / (1 + e^-x). */
export const sigmoid = (x: number): number => Math.exp(logSigmoid(x));

/** log sum of e^x_i. */
export function logSumExp(values: readonly number[]): number {
  const top = Math.max(...values);
  return top + Math.log(values.reduce((sum, x) => sum + Math.exp(x - top), 0));
}

/** Log-probabilities of a row of logits. */
export function logSoftmax(row: readonly number[]): number[] {
  const total = logSumExp(row);
  return row.map((x) => x - total);
}

/** log(1 - e^x) for x < 0; expm1 below -ln 2, log1p above (Maechler 2012). */
export const log1mexpNumber = (x: number): number =>
  x > -Math.LN2 ? Math.log(-Math.expm1(x)) : Math.log1p(-Math.exp(x));

/** Arithmetic mean. */
export const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
