// Where random numbers come from: the library's counter generator (`createRandom` of @ashlar/sampling) fits; core imports no other package.

/** Uniform numbers in (0, 1) keyed by stream name, position, lane and index: the same key, the same number. */
export interface UniformSource {
  /** The next number in [0, 1). */
  uniform(stream: string, position: number, lane: number, index?: number): number;
}

/** A permutation of 0..n-1 that is a function of (stream, position): Fisher-Yates from the end. */
export function permutation(random: UniformSource, stream: string, position: number, n: number): Int32Array {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(random.uniform(stream, position, 0, i) * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** n normal numbers with mean 0 and the given deviation (Box-Muller), a function of (stream, lane). */
export function normals(
  random: UniformSource,
  stream: string,
  lane: number,
  n: number,
  deviation: number,
): Float32Array {
  const values = new Float32Array(n);
  for (let i = 0; i < n; i += 2) {
    const radius = deviation * Math.sqrt(-2 * Math.log(random.uniform(stream, 0, lane, i)));
    const angle = 2 * Math.PI * random.uniform(stream, 0, lane, i + 1);
    values[i] = radius * Math.cos(angle);
    if (i + 1 < n) values[i + 1] = radius * Math.sin(angle);
  }
  return values;
}

/** n numbers, uniform in (-bound, bound): a function of (stream, lane). */
export const uniforms = (
  random: UniformSource,
  stream: string,
  lane: number,
  n: number,
  bound: number,
): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => bound * (2 * random.uniform(stream, 0, lane, i) - 1));
