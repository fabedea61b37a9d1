import type { TensorToWrite } from '../../write/tensor-to-write.ts';
import { ropeOf } from './gguf-metadata.ts';

type Config = Readonly<Record<string, unknown>>;

/** The tensors in which GGUF keeps what a rope scaling does to each frequency: rope_freqs (Llama 3), rope_factors_long and _short. */
export function ropeFactorTensors(config: Config): TensorToWrite[] {
  const { scaling, theta } = ropeOf(config);
  switch (scaling?.rope_type) {
    case 'llama3': {
      const hidden = Number(config.hidden_size);
      const headSize = Number(config.head_dim ?? hidden / Number(config.num_attention_heads));
      return [factors('rope_freqs.weight', llama3Factors(scaling, theta, headSize))];
    }
    case 'longrope':
      if (scaling.attention_factor === 1 && String(scaling.long_factor) === String(scaling.short_factor))
        return [factors('rope_freqs.weight', scaling.long_factor as number[])];
      return [
        factors('rope_factors_long.weight', scaling.long_factor as number[]),
        factors('rope_factors_short.weight', scaling.short_factor as number[]),
      ];
    default:
      return [];
  }
}

// transformers' _compute_llama3_parameters, as divisors of the plain frequencies
function llama3Factors(scaling: Config, theta: number, headSize: number): number[] {
  const factor = Number(scaling.factor);
  const low = Number(scaling.low_freq_factor);
  const high = Number(scaling.high_freq_factor);
  const original = Number(scaling.original_max_position_embeddings);
  return Array.from({ length: headSize / 2 }, (_, i) => {
    const wavelength = 2 * Math.PI * theta ** ((2 * i) / headSize);
    if (wavelength < original / high) return 1;
    if (wavelength > original / low) return factor;
    const smooth = (original / wavelength - low) / (high - low);
    return 1 / ((1 - smooth) / factor + smooth);
  });
}

function factors(name: string, values: readonly number[]): TensorToWrite {
  const bytes = new Uint8Array(Float32Array.from(values).buffer);
  return {
    name,
    dtype: 'F32',
    shape: [values.length],
    byteLength: bytes.byteLength,
    read: async () => bytes,
  };
}
