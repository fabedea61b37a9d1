// Drops combining marks (general category M); useful after NFD.
import type { Normalizer } from './normalizer.ts';

const MARK = /\p{M}/u;

export const stripAccents = (): Normalizer => ({
  config: { type: 'StripAccents' },
  normalize: (text) => text.filter((char) => !MARK.test(char)),
});
