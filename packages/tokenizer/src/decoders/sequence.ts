// Several decoders, one after the other.
import type { Decoder } from './decoder.ts';

export const decoderSequence = (decoders: readonly Decoder[]): Decoder => ({
  config: { type: 'Sequence', decoders: decoders.map((d) => d.config) },
  parts: decoders.flatMap((decoder) => decoder.parts ?? [decoder]),
  decode: (tokens) => decoders.reduce<readonly string[]>((t, d) => d.decode(t), tokens).slice(),
});
