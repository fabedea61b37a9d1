// Only trims offsets.
import { type ByteLevelOptions, byteLevelConfig } from '../pre-tokenizers/byte-level.ts';
import type { PostProcessor } from './post-processor.ts';
import { trimSpaces } from './trim-offsets.ts';

export const byteLevelProcessor = (options: ByteLevelOptions): PostProcessor => ({
  config: byteLevelConfig(options),
  layout: () => undefined,
  ...(options.trimOffsets
    ? { trim: (encoding, text) => trimSpaces(encoding, text, options.addPrefixSpace) }
    : {}),
});
