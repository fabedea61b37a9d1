// Several normalisers, one after the other.
import type { Normalizer } from './normalizer.ts';

export const normalizerSequence = (normalizers: readonly Normalizer[]): Normalizer => ({
  config: { type: 'Sequence', normalizers: normalizers.map((n) => n.config) },
  normalize: (text) => {
    for (const normalizer of normalizers) normalizer.normalize(text);
  },
});
