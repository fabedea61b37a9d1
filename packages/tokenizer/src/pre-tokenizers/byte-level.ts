// GPT-2's: an optional leading space, the GPT-2 split, and every byte written as a character of the byte alphabet.
import type { AlignedText } from '../aligned-text.ts';
import { writeBytes } from '../normalizers/byte-level.ts';
import { compilePattern } from '../scanners/compile-pattern.ts';
import { GPT2_PATTERN } from '../scanners/known-scanners.ts';
import type { PreTokenizer } from './pre-tokenizer.ts';

export interface ByteLevelOptions {
  readonly addPrefixSpace: boolean;
  readonly trimOffsets: boolean;
  readonly useRegex: boolean;
}

export function byteLevel(options: ByteLevelOptions): PreTokenizer {
  const pattern = compilePattern(GPT2_PATTERN);
  const cut = (piece: AlignedText): AlignedText[] => {
    if (options.addPrefixSpace && !piece.value.startsWith(' ')) piece.prepend(' ');
    return options.useRegex ? piece.split(pattern, 'Isolated') : [piece];
  };
  return {
    config: byteLevelConfig(options),
    cut,
    split: (piece) => {
      const pieces = cut(piece);
      for (const part of pieces) writeBytes(part);
      return pieces;
    },
  };
}

/** The tokenizer.json form that pre-tokenizer, post-processor and decoder share. */
export const byteLevelConfig = (options: ByteLevelOptions) => ({
  type: 'ByteLevel',
  add_prefix_space: options.addPrefixSpace,
  trim_offsets: options.trimOffsets,
  use_regex: options.useRegex,
});
