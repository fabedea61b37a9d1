// Puts a fixed text before a non-empty text (Llama 2's dummy prefix).
import type { Normalizer } from './normalizer.ts';

export const prepend = (prefix: string): Normalizer => ({
  config: { type: 'Prepend', prepend: prefix },
  normalize: (text) => text.prepend(prefix),
});
