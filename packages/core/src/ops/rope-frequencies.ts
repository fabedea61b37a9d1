// Inverse frequencies of rotary positions and the factor on cos and sin, for every scaling in use: linear (kaiokendev), dynamic NTK
// (bloc97, emozilla), YaRN (arXiv:2309.00071), Llama 3.1's bands, LongRoPE (arXiv:2402.13753). float32 rounding follows the reference
// (inverse frequencies and angles are float32 there), because at position 8000 the angle's rounding is larger than our tolerance.
import type { RopeConfig } from '../models/model-config.ts';

/** Angles advance by `inverse[i]` a position; cos and sin are multiplied by `scale`. */
export interface RopeFrequencies {
  readonly inverse: Float32Array;
  readonly scale: number;
}

/** Frequencies for a sequence of `length` tokens (only `dynamic` and `longrope` depend on it). */
export function ropeFrequencies(rope: RopeConfig, length: number): RopeFrequencies {
  const dim = rope.rotaryDim;
  if (rope.kind === 'dynamic') {
    const seen = Math.max(length, rope.maxPositions);
    const stretch = (rope.factor * seen) / rope.maxPositions - (rope.factor - 1);
    return { inverse: plain(rope.theta * stretch ** (dim / (dim - 2)), dim), scale: 1 };
  }
  const inverse = plain(rope.theta, dim);
  if (rope.kind === 'linear') return { inverse: inverse.map((f) => f / rope.factor), scale: 1 };
  if (rope.kind === 'llama3') return { inverse: inverse.map((f) => llama3(f, rope)), scale: 1 };
  if (rope.kind === 'yarn') return yarn(inverse, rope);
  if (rope.kind === 'longrope') return longrope(inverse, rope, length);
  return { inverse, scale: 1 };
}

function plain(theta: number, dim: number): Float32Array {
  const inverse = new Float32Array(Math.ceil(dim / 2));
  for (let i = 0; i < inverse.length; i++) inverse[i] = 1 / Math.fround(theta ** Math.fround((2 * i) / dim));
  return inverse;
}

function llama3(frequency: number, rope: RopeConfig): number {
  const low = rope.lowFrequencyFactor as number;
  const high = rope.highFrequencyFactor as number;
  const wavelength = (2 * Math.PI) / frequency;
  if (wavelength < rope.originalMaxPositions / high) return frequency;
  if (wavelength > rope.originalMaxPositions / low) return frequency / rope.factor;
  const smooth = (rope.originalMaxPositions / wavelength - low) / (high - low);
  return ((1 - smooth) * frequency) / rope.factor + smooth * frequency;
}

function yarn(inverse: Float32Array, rope: RopeConfig): RopeFrequencies {
  const dim = rope.rotaryDim;
  // The dimension whose wavelength makes `rotations` turns within the trained length.
  const dimensionOf = (rotations: number) =>
    (dim * Math.log(rope.originalMaxPositions / (rotations * 2 * Math.PI))) / (2 * Math.log(rope.theta));
  let low = dimensionOf(rope.betaFast || 32);
  let high = dimensionOf(rope.betaSlow || 1);
  if (rope.truncate !== false) {
    low = Math.floor(low);
    high = Math.ceil(high);
  }
  low = Math.max(low, 0);
  high = Math.min(high, dim - 1);
  if (low === high) high += 0.001;
  const blended = inverse.map((frequency, i) => {
    const interpolated = Math.min(1, Math.max(0, (i - low) / (high - low)));
    return (frequency / rope.factor) * interpolated + frequency * (1 - interpolated);
  });
  return { inverse: blended, scale: rope.attentionFactor ?? yarnScale(rope) };
}

function yarnScale({ factor, mscale, mscaleAllDim }: RopeConfig): number {
  const grow = (m: number) => (factor <= 1 ? 1 : 0.1 * m * Math.log(factor) + 1);
  return mscale && mscaleAllDim ? grow(mscale) / grow(mscaleAllDim) : grow(1);
}

function longrope(inverse: Float32Array, rope: RopeConfig, length: number): RopeFrequencies {
  const factors = (
    length > rope.originalMaxPositions ? rope.longFactor : rope.shortFactor
  ) as readonly number[];
  const { factor, originalMaxPositions } = rope;
  const implied = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(originalMaxPositions));
  return { inverse: inverse.map((f, i) => f / factors[i]), scale: rope.attentionFactor ?? implied };
}
