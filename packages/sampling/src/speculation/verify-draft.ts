// The acceptance rule of speculative sampling (Leviathan, Kalman, Matias 2022, arXiv 2211.17192; Chen et al. 2023,
// 2302.01318): keep x ~ q with probability min(1, p(x) / q(x)); on the first rejection draw from the normalised max(0,
// p - q). The result has the law p exactly, whatever q. llama.cpp draws from p and compares: the same law, but it
// accepts sum p q instead of sum min(p, q).

/**
 * True when a guess drawn from q may stay: `u q(x) < p(x)`. A token of probability 0 never stays.
 *
 * @param u uniform in (0, 1)
 * @param pX the target's probability of the guess
 * @param qX the probability it was guessed with; 1 for a certain guess
 */
export function keepsDraft(u: number, pX: number, qX: number): boolean {
  return u * qX < pX;
}

/**
 * A draw from `max(0, p - q) / sum`, the law of what replaces a rejected guess.
 *
 * @param u uniform in (0, 1)
 * @param p the target's law [V]
 * @param q the guess's law [V], or the id of a certain guess
 * @returns the id, or -1 when p <= q everywhere (then the guess could only be rejected by rounding)
 */
export function drawResidual(u: number, p: Float64Array, q: Float64Array | number): number {
  const residual = (id: number): number =>
    Math.max(0, typeof q === 'number' ? (id === q ? p[id] - 1 : p[id]) : p[id] - q[id]);
  let total = 0;
  for (let id = 0; id < p.length; id++) total += residual(id);
  return invert(u * total, p.length, residual);
}

/** A draw from the law p [V] by inversion: the first id whose running sum exceeds u times the whole. */
export function drawFrom(u: number, p: Float64Array): number {
  let total = 0;
  for (let id = 0; id < p.length; id++) total += p[id];
  return invert(u * total, p.length, (id) => p[id]);
}

function invert(target: number, size: number, weight: (id: number) => number): number {
  let running = 0;
  let last = -1;
  for (let id = 0; id < size; id++) {
    const w = weight(id);
    if (w <= 0) continue;
    running += w;
    if (running > target) return id;
    last = id;
  }
  return last;
}
