// Drops White_Space at the ends of the text.
import type { Normalizer } from './normalizer.ts';

export const strip = (left: boolean, right: boolean): Normalizer => ({
  config: { type: 'Strip', strip_left: left, strip_right: right },
  normalize: (text) => text.strip(left, right),
});
